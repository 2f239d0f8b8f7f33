/** A year as twelve months of weeks; pure. */

/** Monday first; days of other months are null. `YYYY-MM-DD` each. */
export function weeksOf(year: number, month: number): (string | null)[][] {
  const before = (new Date(Date.UTC(year, month - 1, 1)).getUTCDay() + 6) % 7;
  const count = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const cells: (string | null)[] = [...Array<null>(before).fill(null), ...Array.from({ length: count }, (_, day) => iso(year, month, day + 1))];
  while (cells.length % 7 !== 0) cells.push(null);
  return Array.from({ length: cells.length / 7 }, (_, week) => cells.slice(week * 7, week * 7 + 7));
}

function iso(year: number, month: number, day: number): string {
  return `${year}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
}

/** Runs of days that follow each other, as first and last. */
export function runs(days: string[]): [string, string][] {
  const found: [string, string][] = [];
  for (const day of days) {
    const last = found[found.length - 1];
    if (last !== undefined && Date.parse(day) - Date.parse(last[1]) === 86_400_000) last[1] = day;
    else found.push([day, day]);
  }
  return found;
}

/** The steps of a bill as a tree, and lengths of bars. */
import type { StepRow } from "../api/bills";

export interface Branch {
  row: StepRow;
  below: Branch[];
}

/** The tree of rows that come one after the other, each as deep as it lies; what was shown before has below it what lay there. */
export function tree(rows: readonly StepRow[]): Branch[] {
  const roots: Branch[] = [];
  const above: Branch[] = [];
  const first = new Map<number, Branch>();
  for (const row of rows) {
    const branch: Branch = { row, below: row.again ? (first.get(row.number)?.below ?? []) : [] };
    if (!row.again) first.set(row.number, branch);
    above.length = Math.min(above.length, row.depth);
    (above.at(-1)?.below ?? roots).push(branch);
    above.push(branch);
  }
  return roots;
}

/** Each value's share of the largest one, in percent with its sign; all 0 where nothing is. */
export function lengths(values: readonly string[]): number[] {
  const numbers = values.map(Number);
  const most = Math.max(0, ...numbers.map(Math.abs));
  return numbers.map((value) => (most > 0 ? Math.round((value / most) * 1000) / 10 : 0));
}

/** The causes below a change, without the rounding that nobody asks about. */
export function causes(rows: readonly StepRow[]): StepRow[] {
  return rows.slice(1).filter((row) => row.key !== "compare.rounding");
}

/** `+12.30` or `−3.00`: a difference always shows its sign. */
export function signed(value: string): string {
  if (Number(value) === 0) return value.replace("-", "");
  return value.startsWith("-") ? `−${value.slice(1)}` : `+${value}`;
}

/** Yuan to be paid today, bill and late fee together; null where no late fee makes it another sum than the bill. */
export function withLateFee(owed: readonly StepRow[]): string | null {
  const [total] = owed;
  return total?.key === "owed.total" && Number(total.value) > 0 ? total.value : null;
}

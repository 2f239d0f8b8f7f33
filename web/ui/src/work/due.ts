/** When a callback may be rung, and in which order a list of them is worked through. */
import type { CallbackRow } from "../api/callbacks";

export type Due = "dialling" | "due" | "later" | "late" | "closed";

/** How a callback stands at `now` (ms). `late`: its part of the day is over and it will be closed. */
export function dueOf(one: CallbackRow, now: number): Due {
  if (one.state !== "booked") return one.state === "dialling" ? "dialling" : "closed";
  if (one.not_after !== null && Date.parse(one.not_after) <= now) return "late";
  return Date.parse(one.due_at) <= now ? "due" : "later";
}

const RANK: Record<Due, number> = { dialling: 0, due: 1, later: 2, late: 3, closed: 4 };

/** What is rung comes first, then what is due by the end of its part of the day and its place, then what comes later. */
export function inOrder(rows: readonly CallbackRow[], now: number): CallbackRow[] {
  const end = (one: CallbackRow): number => (one.not_after === null ? Infinity : Date.parse(one.not_after));
  const by = (one: CallbackRow): number[] => {
    const due = dueOf(one, now);
    return [RANK[due], due === "later" ? Date.parse(one.due_at) : end(one), Date.parse(one.waiting_since)];
  };
  return [...rows].sort((a, b) => compare(by(a), by(b)));
}

function compare(one: readonly number[], other: readonly number[]): number {
  for (const [place, number] of one.entries()) {
    const beside = other[place] ?? 0;
    if (number !== beside) return number < beside ? -1 : 1;
  }
  return 0;
}

/** What the wall shows of its data: orders, shares, the day as a curve; pure. */
import type { Alarm, Board, DayHalf, QueueNow } from "../api/wallboard";

export const SERVICE_LEVEL = "SL-8";
export const CONNECTED = "CR-1";
export const ABANDONED = "AB-1";
export const ANSWER_AFTER = "ASA-1";

/** States of agents in the order of the wall; reserved is the moment before ringing. */
export const STATES = ["ready", "ringing", "talking", "wrap_up", "not_ready"] as const;
export type ShownState = (typeof STATES)[number];

export function stateOf(state: string): ShownState | null {
  if (state === "reserved") return "ringing";
  return (STATES as readonly string[]).includes(state) ? (state as ShownState) : null;
}

export function countOf(states: Record<string, number>, shown: ShownState): number {
  return Object.entries(states).reduce((sum, [state, count]) => sum + (stateOf(state) === shown ? count : 0), 0);
}

/** A figure as a number, null where nobody counts yet. */
export function figure(figures: Record<string, string | null>, variant: string): number | null {
  const value = figures[variant];
  return value === null || value === undefined ? null : Number(value);
}

/** `92.3`, `88.0`: one digit after the point, so that figures stand under each other; `100` has none. */
export function share(value: number | null): string {
  if (value === null) return "–";
  return value === 100 ? "100" : value.toFixed(1);
}

/** Who has waited longest stands first; queues without anybody keep the order of the service. */
export function byNeed(queues: readonly QueueNow[]): QueueNow[] {
  const waiting = queues.filter((one) => one.waiting > 0).sort((a, b) => b.longest_wait_s - a.longest_wait_s);
  return [...waiting, ...queues.filter((one) => one.waiting === 0)];
}

const GRAVITY = { error: 0, warning: 1, info: 2 } as const;

export function byGravity(alarms: readonly Alarm[]): Alarm[] {
  return [...alarms].sort((a, b) => (GRAVITY[a.level] ?? 1) - (GRAVITY[b.level] ?? 1));
}

export function totals(board: Board): { waiting: number; longest: number } {
  const waiting = board.queues.reduce((sum, one) => sum + one.waiting, 0);
  return { waiting, longest: Math.max(0, ...board.queues.map((one) => one.longest_wait_s)) };
}

export interface Curve {
  begins: string[];
  expected: (number | null)[];
  /** Null for half hours that have not begun: nothing is not the same as nobody. */
  asked: (number | null)[];
  abandoned: (number | null)[];
  foretold: boolean;
}

export function curve(day: readonly DayHalf[], asOf: string): Curve {
  const now = Date.parse(asOf);
  const begun = (half: DayHalf): boolean => Date.parse(half.begins) <= now;
  return {
    begins: day.map((half) => half.begins),
    expected: day.map((half) => half.expected),
    asked: day.map((half) => (begun(half) ? half.asked : null)),
    abandoned: day.map((half) => (begun(half) ? half.abandoned : null)),
    foretold: day.some((half) => half.expected !== null),
  };
}

/** What of a curve has to be drawn anew when it changes. */
export const print = (one: Curve): string => JSON.stringify(one);

/** Callers until the running half hour, beside what was expected until its end. */
export function soFar(one: Curve): { asked: number; expected: number } {
  let [asked, expected] = [0, 0];
  one.asked.forEach((count, at) => {
    if (count === null) return;
    asked += count;
    expected += one.expected[at] ?? 0;
  });
  return { asked, expected: Math.round(expected) };
}

/** Undo and redo of whole texts; an edit of the same thing within a moment counts as one step. */
import type { Files } from "./document";

const SAME_STEP_MS = 1500;
const STEPS_KEPT = 200;

export interface History {
  past: Files[];
  now: Files;
  future: Files[];
  /** What the last step edited, and when (ms). */
  last: { what: string; at: number } | null;
}

export function begin(files: Files): History {
  return { past: [], now: files, future: [], last: null };
}

/** `what` names the thing edited; two edits of it close together are one step. */
export function edited(history: History, files: Files, what: string, at: number): History {
  if (same(history.now, files)) return history;
  const joined = what !== "" && history.last?.what === what && at - history.last.at < SAME_STEP_MS;
  const past = joined ? history.past : [...history.past, history.now].slice(-STEPS_KEPT);
  return { past, now: files, future: [], last: { what, at } };
}

export function undo(history: History): History {
  const before = history.past.at(-1);
  if (before === undefined) return history;
  return { past: history.past.slice(0, -1), now: before, future: [history.now, ...history.future], last: null };
}

export function redo(history: History): History {
  const [after, ...future] = history.future;
  if (after === undefined) return history;
  return { past: [...history.past, history.now], now: after, future, last: null };
}

export function same(a: Files, b: Files): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

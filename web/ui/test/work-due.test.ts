import { expect, test } from "vitest";
import type { CallbackRow } from "../src/api/callbacks";
import { dueOf, inOrder } from "../src/work/due";

const NOW = Date.parse("2026-11-23T02:00:00Z");
const at = (minutes: number): string => new Date(NOW + minutes * 60_000).toISOString();
const row = (id: string, more: Partial<CallbackRow> = {}): CallbackRow => ({
  id, state: "booked", number: "13800000001", queue: "general", call_id: "c", waiting_since: at(-30), booked_at: at(-29),
  not_before: at(-30), not_after: null, due_at: at(-30), calls: 0, misses: 0, agent_id: null, outcome: null, reason: "", closed_at: null, ...more,
});

test.each<[Partial<CallbackRow>, string]>([
  [{}, "due"],
  [{ due_at: at(0) }, "due"],
  [{ due_at: at(10) }, "later"],
  [{ due_at: at(-5), not_after: at(0) }, "late"],
  [{ state: "dialling", not_after: at(-1) }, "dialling"],
  [{ state: "closed" }, "closed"],
])("%j is %s", (more, due) => expect(dueOf(row("a", more), NOW)).toBe(due));

test("what is due comes by the end of its window, then by its place, before what comes later", () => {
  const rows = [
    row("late", { not_after: at(-1) }),
    row("tomorrow", { due_at: at(900) }),
    row("soon", { waiting_since: at(-60) }),
    row("later", { due_at: at(10), waiting_since: at(-90) }),
    row("younger", { waiting_since: at(-10) }),
    row("window", { not_after: at(20), waiting_since: at(-5) }),
    row("rung", { state: "dialling" }),
  ];
  expect(inOrder(rows, NOW).map((one) => one.id)).toEqual(["rung", "window", "soon", "younger", "later", "tomorrow", "late"]);
});

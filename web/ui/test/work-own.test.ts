import { expect, test } from "vitest";
import type { Duty, Kpi } from "../src/api/shift";
import { EMPTY, leavesGap, reduce } from "../src/desktop/state";
import { figuresOf, goesOn, later, nextDuty } from "../src/work/own";

const NOW = Date.parse("2026-11-23T02:00:00Z");
const at = (hours: number): string => new Date(NOW + hours * 3_600_000).toISOString();
const duty = (from: number, until: number): Duty => ({ agent_id: "a", name: "A", day: "2026-11-23", shift: "early", kind: "main", from: at(from), until: at(until) });
const kpi = (counts: Record<string, number>, figures: Record<string, string | null> = {}): Kpi => ({ as_of: at(0), total: { counts, figures } });

test("what was answered counts those handed on, times are for each call", () => {
  const told = figuresOf(kpi({ A: 11, D: 1, M: 2, OUT: 3, ACW: 360_000_000 }, { "AHT-1": "185.4", "OCC-1": "71.6", "CSAT-1": "93.75" }), 0.987);
  expect(told).toEqual({ answered: "12", dialled: "3", missed: "2", handle: "3:05", wrapUp: "0:30", occupancy: "72 %", adherence: "99 %", satisfied: "94 %" });
});

test("before the first call nothing is said of means and shares", () => {
  const told = figuresOf(kpi({}, { "AHT-1": null, "OCC-1": null }), null);
  expect(told).toEqual({ answered: "0", dialled: "0", missed: "0", handle: "–", wrapUp: "–", occupancy: "–", adherence: "–", satisfied: "–" });
});

test("the duty that goes on, else the one that begins first", () => {
  expect(nextDuty([duty(20, 28), duty(-2, 6), duty(-10, -2)], NOW)?.from).toBe(at(-2));
  expect(nextDuty([duty(44, 52), duty(20, 28)], NOW)?.from).toBe(at(20));
  expect(nextDuty([duty(-10, 0)], NOW)).toBeNull();
  expect([duty(0, 1), duty(-1, 0), duty(1, 2)].map((one) => goesOn(one, NOW))).toEqual([true, false, false]);
});

test("days are counted over the end of a month", () => expect(later("2026-11-28", 7)).toBe("2026-12-05"));

test("a message and its read mark move the numbers, so a gap before them is seen", () => {
  const state = { ...EMPTY, lastSeq: 7 };
  const message = { type: "message", seq: 8, at: at(0), id: "m" } as const;
  expect(reduce(state, message)).toMatchObject({ lastSeq: 8, mail: 8 });
  expect(reduce(reduce(state, message), { type: "message_read", seq: 9, at: at(0), id: "m" })).toMatchObject({ lastSeq: 9, mail: 9 });
  expect(leavesGap(state, { ...message, seq: 9 })).toBe(true);
});

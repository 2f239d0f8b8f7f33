import { describe, expect, test } from "vitest";
import type { AgentNow } from "../src/api/wallboard";
import type { Explanation, LiveCall } from "../src/api/supervision";
import { lacking, type Names, sentences } from "../src/supervision/reasons";
import { callsInOrder, matches, paged, sorted } from "../src/supervision/rows";

const agent = (job: string, state: string, seconds: number, more: Partial<AgentNow> = {}): AgentNow =>
  ({ id: job, username: job, job_number: job, display_name: `坐席${job}`, seat_id: `s${job}`, state, seconds, skills: { english: 2 }, ...more }) as AgentNow;
const ALL = { text: "", state: "", skill: "" };

describe("agents", () => {
  const some = [agent("1010", "talking", 5), agent("1002", "ready", 50), agent("1009", "reserved", 7), agent("1003", "talking", 90)];

  test("are sorted by number, by state with the longest first, by duration", () => {
    expect(sorted(some, "name", false).map((one) => one.id)).toEqual(["1002", "1003", "1009", "1010"]);
    expect(sorted(some, "state", false).map((one) => one.id)).toEqual(["1003", "1010", "1009", "1002"]);
    expect(sorted(some, "seconds", true).map((one) => one.id)).toEqual(["1003", "1002", "1009", "1010"]);
  });

  test("are found by name, number, seat, caller, state and skill", () => {
    const call = { caller: "13800000002" } as LiveCall;
    const found = (wanted: Partial<typeof ALL>, with_?: LiveCall) => matches(agent("1010", "reserved", 5), { ...ALL, ...wanted }, with_);
    expect([found({ text: "席1010 S10" }), found({ text: "0002" }, call), found({ text: "0002" })]).toEqual([true, true, false]);
    expect([found({ state: "ringing" }), found({ state: "talking" }), found({ skill: "english" }), found({ skill: "vip" })]).toEqual([
      true, false, true, false,
    ]);
  });

  test("of a long list are a page at a time, and the last page when it has become shorter", () => {
    const many = Array.from({ length: 101 }, (_, at) => at);
    expect(paged(many, 3)).toEqual({ shown: [100], page: 3, pages: 3 });
    expect(paged(many.slice(0, 60), 3).page).toBe(2);
    expect(paged([], 1)).toEqual({ shown: [], page: 1, pages: 1 });
  });
});

test("who waits longest comes first", () => {
  const call = (id: string, state: string, at: string): LiveCall => ({ id, state, started_at: at, queued_at: at }) as LiveCall;
  const order = callsInOrder([
    call("menu", "menu", "2026-11-23T08:00:00Z"),
    call("talk", "talking", "2026-11-23T08:00:00Z"),
    call("late", "queued", "2026-11-23T08:05:00Z"),
    call("early", "queued", "2026-11-23T08:01:00Z"),
  ]);
  expect(order.map((one) => one.id)).toEqual(["early", "late", "talk", "menu"]);
});

describe("why a call waits", () => {
  const NAMES: Names = {
    agent: (id) => `<${id}>`, queue: (id) => id, skill: (id) => id, cause: (id) => id, rule: (id) => id,
    time: (seconds) => `${seconds}s`, list: (words) => words.join(","),
  };
  const WAITS: Explanation = {
    call_id: "c", rule: "longest_idle", stand: "waiting", position: 2, waited_s: 41, ahead_s: 0, causes: [], step: 0,
    need: { skills: {}, groups: [] }, held_for: null, queues: ["general"], next_change_s: null, agents: [], decisions: [],
  };
  const keys = (more: Partial<Explanation>): string[] => sentences({ ...WAITS, ...more }, NAMES).map((one) => one.key);
  const beside = (free: boolean, fits: boolean, lacks: string[] = []) => ({ agent_id: "a", free, fits, lacks, score: 0 });

  test("is that nobody is there, that all are busy, or that nobody can", () => {
    expect(keys({})).toEqual(["position", "nobodyThere"]);
    expect(keys({ agents: [beside(false, true)] })).toEqual(["position", "allBusy"]);
    expect(keys({ agents: [beside(true, true)] })).toEqual(["position", "soon"]);
    expect(keys({ agents: [beside(true, false, ["english"])] })).toEqual(["position", "nobodyAble", "freeLack"]);
    expect(lacking({ ...WAITS, agents: [beside(true, false, ["a", "b"]), beside(true, false, ["b"]), beside(false, false, ["c"])] })).toEqual([
      ["b", 2], ["a", 1],
    ]);
  });

  test("tells what it needs, for whom it is held, and what changes", () => {
    const found = sentences(
      { ...WAITS, need: { skills: { english: 3 }, groups: ["g"] }, held_for: "x", step: 1, next_change_s: 20, queues: ["general", "q2"], ahead_s: 30, causes: ["vip"] },
      NAMES,
    );
    expect(found.map((one) => one.key)).toEqual(["position", "nobodyThere", "skills", "groups", "held", "relaxed", "next", "queues", "ahead"]);
    expect(found[2]?.holes).toEqual({ skills: "english ≥ 3" });
    expect(found[4]?.holes).toEqual({ name: "<x>" });
  });

  test("after the wait is told by who got it", () => {
    const decisions = [{ at: "", agent_id: "x", rule: "preferred", waited_s: 3 }];
    expect(keys({ stand: null, position: null, need: null, ahead_s: null, decisions })).toEqual(["decision"]);
    expect(keys({ stand: null, position: null, need: null, ahead_s: null })).toEqual(["nothing"]);
    expect(keys({ stand: "offered", decisions })).toEqual(["offered", "decision"]);
  });
});

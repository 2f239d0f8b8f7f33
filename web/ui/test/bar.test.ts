import { describe, expect, test } from "vitest";
import type { AgentRow, Call } from "../src/api/types";
import { barOf, isThird, type Bar, type Me } from "../src/call/bar";
import { aboutBill, stepsFor } from "../src/call/next";
import { situationOf } from "../src/call/situation";
import { nextOf, targetsFor, whom } from "../src/call/targets";
import { KEYS } from "../src/desktop/shortcuts";
import { AT, call, pop } from "./messages";

const me: Me = { id: "ag1", state: "talking", browserPhone: false };
const third = (state: string) => ({ state, agent_id: "ag2", number: null });
const all = (bar: Bar): string[] => [bar.main, ...bar.rest, ...bar.more, bar.end].filter((one) => one !== null);
const talking = (more: Partial<Call> = {}): Call => call({ state: "talking", ...more });

describe("the controls of a call", () => {
  test("a phone that rings is answered or rejected; a page that is the phone has its own answer", () => {
    expect(barOf({ ...me, state: "ringing" }, call())).toEqual({ main: "answer", rest: ["reject"], more: [], end: null });
    expect(barOf({ ...me, state: "ringing", browserPhone: true }, call()).main).toBeNull();
  });

  test("nothing can be asked of no call, nor of one that is only assigned or over", () => {
    expect(all(barOf(me, null))).toEqual([]);
    for (const state of ["reserved", "wrap_up", "ready"] as const) expect(all(barOf({ ...me, state }, talking()))).toEqual([]);
  });

  test("a silent caller makes the script the main thing, and in the script only coming back is possible", () => {
    expect(barOf(me, talking()).main).toBe("hold");
    expect(barOf(me, talking({ silence: "noticed" })).main).toBe("silent");
    expect(all(barOf(me, talking({ silence: "script" })))).toEqual(["silentBack"]);
  });

  test("on hold the caller is taken back first; the script and the warning need the caller there", () => {
    const held = barOf(me, talking({ state: "held" }));
    expect(held.main).toBe("resume");
    expect(held.rest).toEqual(barOf(me, talking()).rest); // no button changes its place under the hand
    expect(all(held)).not.toContain("silent");
    expect(all(held)).not.toContain("nuisance");
  });

  test("each step of a consultation has its own way on", () => {
    expect(barOf(me, talking({ state: "held", third: third("ringing") })).main).toBe("cancel");
    const spoken = barOf(me, talking({ state: "held", third: third("talking") }));
    expect([spoken.main, spoken.rest, spoken.end]).toEqual(["complete", ["swap", "join", "mute"], "cancel"]);
    expect(barOf(me, talking({ third: third("held") }))).toEqual(spoken);
    expect(barOf(me, talking({ third: third("joined") })).main).toBe("leave");
    for (const state of ["ringing", "talking", "held", "joined"]) {
      // Whoever leads the talk must let the third party go before hanging up, handing on, or parking.
      const open = all(barOf(me, talking({ third: third(state) })));
      expect(open.filter((one) => ["hangup", "transfer", "park", "silent"].includes(one))).toEqual([]);
    }
  });

  test("a call that we dialled has no queue and no menu to go to", () => {
    const placed = all(barOf(me, talking({ direction: "outbound" })));
    expect(placed).toEqual(["hold", "mute", "consult", "hangup"]);
    expect(all(barOf(me, talking({ direction: "outbound", state: "held" })))).toEqual(["resume", "mute", "consult", "hangup"]);
    expect(all(barOf(me, call({ direction: "outbound", state: "dialling" })))).toEqual(["hangup"]);
    expect(all(barOf(me, talking({ direction: "outbound", third: third("ringing") })))).not.toContain("complete");
  });

  test("who was brought in may only leave", () => {
    const other = talking({ agent_id: "ag9", third: { state: "talking", agent_id: "ag1", number: null } });
    expect(isThird(other, "ag1")).toBe(true);
    expect(all(barOf(me, other))).toEqual(["quit"]);
    expect(isThird(talking(), "ag1")).toBe(false);
  });

  test("no two actions share a key", () => {
    expect(new Set(Object.values(KEYS)).size).toBe(Object.keys(KEYS).length);
  });
});

const row = (id: string, name: string, more: Partial<AgentRow> = {}): AgentRow => ({
  id,
  username: id,
  display_name: name,
  job_number: null,
  role: "agent",
  state: "ready",
  reason: null,
  cause: null,
  since: AT,
  seat_id: "1002",
  seat_registered: true,
  call_id: null,
  ...more,
});
const queues = [
  { id: "general", name: "综合服务", waiting: 3, longest_wait_s: 1, agents_ready: 0, agents_busy: 1, agents_not_ready: 0 },
];
const people = [
  row("ag1", "我"),
  row("busy", "阿忙", { state: "talking" }),
  row("free", "张三"),
  row("deaf", "李四", { seat_registered: false }),
  row("gone", "王五", { state: "logged_out" }),
];

describe("whom a caller can be handed on to", () => {
  test("free colleagues come before busy ones, who tell why; oneself and who is not there are not listed", () => {
    const found = targetsFor("", people, queues, "ag1");
    expect(found.slice(0, 2).map((one) => one.key)).toEqual(["queue:general", "agent:free"]);
    expect(Object.fromEntries(found.map((one) => [one.key, one.busy]))).toEqual({
      "queue:general": null,
      "agent:free": null,
      "agent:busy": "talking",
      "agent:deaf": "phone",
    });
  });

  test("typing narrows the list; digits are a number outside too", () => {
    expect(targetsFor("张", people, queues, "ag1").map((one) => one.key)).toEqual(["agent:free"]);
    expect(targetsFor("021 1234-5678", people, queues, "ag1")).toMatchObject([{ kind: "number", id: "02112345678" }]);
    expect(targetsFor("12", people, queues, "ag1")).toEqual([]);
    expect(targetsFor("1002", people, queues, "ag1").map((one) => one.kind)).toEqual(["agent", "agent", "agent", "number"]);
  });

  test("the arrows skip whom nobody can be handed to, and go around", () => {
    const found = targetsFor("", people, queues, "ag1");
    expect(nextOf(found, null, 1)).toBe("queue:general");
    expect(nextOf(found, "queue:general", 1)).toBe("agent:free");
    expect(nextOf(found, "agent:free", 1)).toBe("queue:general");
    expect(nextOf(found, null, -1)).toBe("agent:free");
    expect(nextOf(found.filter((one) => one.busy), null, 1)).toBeNull();
  });

  test("each kind is named to the server in its own field", () => {
    const [queue, agent] = targetsFor("", people, queues, "ag1");
    expect(whom(queue!)).toEqual({ to: "general" });
    expect(whom(agent!)).toEqual({ agent: "free" });
    expect(whom(targetsFor("95598", [], [], "")[0]!)).toEqual({ number: "95598" });
  });
});

describe("what is needed next", () => {
  const outage = { id: "o1", area: "x", kind: "x", cause: null, from: AT, until: null, text: "x" };
  const account = { account_no: "3200000002", address: null, supply_state: "on", arrears_yuan: null, tariff: null, voltage: null };
  const step = (node: string, said: string | null = null) => ({ node, said, digits: null, at: AT });

  test("only what there is is offered, the outage first unless the caller asked for the bill", () => {
    expect(stepsFor(pop(), [])).toEqual(["lines"]);
    const both = pop({ outage, accounts: [account] });
    expect(stepsFor(both, [step("main")])).toEqual(["outage", "bill", "lines"]);
    expect(stepsFor(both, [step("main"), step("bill_account")])).toEqual(["bill", "outage", "lines"]);
    expect(stepsFor(both, [step("bill"), step("speech_ask", "outage")])).toEqual(["outage", "bill", "lines"]);
  });

  test("the bill to talk about has its account and its month in the address", () => {
    expect(aboutBill(pop({ accounts: [account] }))).toBe("/bill/3200000002");
  });
});

describe("the words beside the call", () => {
  test("are those for a caller on hold, but not while a colleague is asked", () => {
    const held = call({ state: "held" });
    expect(situationOf(held)).toBe("hold");
    expect(situationOf({ ...held, third: { state: "talking", agent_id: "ag2", number: null } })).toBe("opening");
    expect(situationOf({ ...held, silence: "script" })).toBe("silent");
  });
});

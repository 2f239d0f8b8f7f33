import { describe, expect, test } from "vitest";
import type { Queue, ServerMessage } from "../src/api/types";
import { EMPTY, NOTICES_KEPT, leavesGap, reduce, type DesktopState } from "../src/desktop/state";
import { AT, agent, agentState, call, callState, hello, notice, pop, screenPop } from "./messages";

function after(...messages: ServerMessage[]): DesktopState {
  return messages.reduce(reduce, EMPTY);
}

const queue = (waiting: number): Queue => ({
  id: "general",
  name: "综合服务",
  waiting,
  longest_wait_s: 0,
  agents_ready: 0,
  agents_busy: 0,
  agents_not_ready: 0,
});

describe("the order of messages", () => {
  test("nothing counts before hello", () => {
    expect(after(agentState(5, { state: "talking" }))).toBe(EMPTY);
  });

  test("a resume that repeats messages doubles nothing", () => {
    const seen = [hello(10), notice(11, "a"), notice(12, "b")];
    const once = after(...seen, notice(13, "c"));
    const again = after(...seen, notice(11, "a"), notice(12, "b"), notice(13, "c"), notice(13, "c"));
    expect(again.notices.map((one) => one.text)).toEqual(["c", "b", "a"]);
    expect(again).toEqual(once);
  });

  test("announcements and storm mode are looked at again when told, and after every hello", () => {
    const now = after(hello(10), notice(11, "a"), { type: "announcements", seq: 12, at: AT });
    expect([now.switched, now.lastSeq]).toEqual([12, 12]);
    const storm = reduce(now, { ...notice(13, "x"), code: "storm_on" } as ServerMessage);
    expect([storm.switched, reduce(storm, hello(20)).switched]).toEqual([13, 20]);
  });

  test("an old message out of order changes nothing, not even the object", () => {
    const now = after(hello(10), agentState(12, { state: "reserved" }));
    expect(reduce(now, agentState(11, { state: "ready" }))).toBe(now);
    expect(now.lastSeq).toBe(12);
  });

  test("a message that leaves a gap is seen as such, an answer behind it too", () => {
    const now = after(hello(10), notice(11, "a"));
    expect(leavesGap(now, notice(12, "b"))).toBe(false);
    expect(leavesGap(now, notice(13, "c"))).toBe(true);
    expect(leavesGap(now, { type: "pong", seq: 11, at: AT })).toBe(false);
    expect(leavesGap(now, { type: "pong", seq: 12, at: AT })).toBe(true);
    expect(leavesGap(now, hello(99))).toBe(false);
  });

  test("hello replaces everything, also when a restarted server counts from below", () => {
    const now = after(hello(1000), agentState(1001, { state: "talking" }), callState(1002, {}), hello(3));
    expect(now.lastSeq).toBe(3);
    expect(now.call).toBeNull();
    expect(reduce(now, notice(4, "x")).notices).toHaveLength(1);
  });

  test("answers and pongs do not move the resume point", () => {
    const now = after(hello(10));
    expect(reduce(now, { type: "pong", seq: 10, at: AT })).toBe(now);
    expect(reduce(now, { type: "ok", seq: 10, at: AT, id: "c1" })).toBe(now);
  });

  test("queue figures follow time and do not move the resume point", () => {
    const later = "2026-11-22T08:00:05+00:00";
    const fresh = after(hello(10), { type: "queue_stats", seq: 10, at: later, queues: [queue(4)] });
    expect(fresh.lastSeq).toBe(10);
    expect(fresh.queues[0]?.waiting).toBe(4);
    const old = { type: "queue_stats", seq: 10, at: "2026-11-22T08:00:01+00:00", queues: [queue(9)] } as const;
    expect(reduce(fresh, { ...old, queues: [queue(9)] })).toBe(fresh);
  });

  test("an unknown kind of message keeps its place in the order and nothing else", () => {
    const unknown = { type: "weather", seq: 11, at: AT } as unknown as ServerMessage;
    const now = after(hello(10), unknown);
    expect(now.lastSeq).toBe(11);
    expect(reduce(now, notice(12, "x")).notices).toHaveLength(1);
  });

  test("notices are kept up to a bound", () => {
    const many = Array.from({ length: NOTICES_KEPT + 5 }, (_, i) => notice(11 + i, String(i)));
    expect(after(hello(10), ...many).notices).toHaveLength(NOTICES_KEPT);
  });
});

describe("a call", () => {
  const ringing = [
    hello(10),
    agentState(11, { state: "reserved" }),
    screenPop(12),
    callState(13, {}),
    agentState(14, { state: "ringing" }),
  ];
  const talking = [...ringing, callState(15, { state: "talking", talking_at: AT }), agentState(16, { state: "talking" })];

  test("is there from the pop to the end of wrap-up", () => {
    expect(after(...ringing).pop?.call_id).toBe("c1");
    const wrapUp = after(
      ...talking,
      callState(17, { state: "menu", talking_at: AT }),
      agentState(18, { state: "wrap_up" }),
      callState(19, { state: "ended", ended_at: AT, talking_at: AT }),
    );
    expect(wrapUp.call?.id).toBe("c1");
    expect(wrapUp.pop?.call_id).toBe("c1");
    const over = reduce(wrapUp, agentState(20, { state: "ready" }));
    expect([over.call, over.pop]).toEqual([null, null]);
  });

  test("takes what was told about its caller with it", () => {
    const about = (seq: number, code: string): ServerMessage => ({ ...notice(seq, code), code }) as ServerMessage;
    const told = after(...talking, about(17, "caller_silent"), about(18, "pbx_lost"), about(19, "hold_reminder"), agentState(20, { state: "wrap_up" }));
    expect(told.notices.map((one) => one.text)).toEqual(["hold_reminder", "pbx_lost", "caller_silent"]);
    expect(reduce(told, agentState(21, { state: "ready" })).notices.map((one) => one.text)).toEqual(["pbx_lost"]);
    expect(reduce(told, hello(30)).notices.map((one) => one.text)).toEqual(["pbx_lost"]);
  });

  test("that ends after I am ready again does not come back", () => {
    const over = after(...talking, agentState(17, { state: "wrap_up" }), agentState(18, { state: "ready" }));
    expect(reduce(over, callState(19, { state: "ended", ended_at: AT })).call).toBeNull();
  });

  test("that rings at another's seat is not mine", () => {
    const wrapUp = after(...talking, agentState(17, { state: "wrap_up" }));
    const transferred = reduce(wrapUp, callState(18, { state: "ringing", agent_id: "ag2", talking_at: null }));
    expect(transferred.call?.talking_at).toBe(AT);
  });

  test("that I miss leaves its number and its cause", () => {
    const missed = after(
      ...ringing,
      callState(15, { state: "queued", agent_id: null, seat_id: null }),
      agentState(16, { state: "not_ready", cause: "no_answer" }),
    );
    expect(missed.missed).toEqual({ caller: "13800000002", at: AT, cause: "no_answer" });
    expect(missed.call).toBeNull();
    expect(reduce(missed, agentState(17, { state: "ready" })).missed).toBeNull();
  });

  test("that I missed is put away when I dial out from the break", () => {
    const missed = after(...ringing, agentState(15, { state: "not_ready", cause: "no_answer" }));
    expect(missed.missed).not.toBeNull();
    expect(reduce(missed, agentState(16, { state: "reserved", cause: "dials" })).missed).toBeNull();
  });

  test("missed before a reload is still said", () => {
    const now = after(hello(10, { agent: agent({ state: "not_ready", cause: "no_answer" }) }));
    expect(now.missed?.cause).toBe("no_answer");
  });

  test("a pause of my own is no missed call", () => {
    expect(after(hello(10), agentState(11, { state: "not_ready", reason: "meal" })).missed).toBeNull();
  });

  test("knows since when it is on hold", () => {
    const at = "2026-11-22T08:00:30+00:00";
    const held = after(...talking, callState(17, { state: "held", talking_at: AT }, at));
    expect(held.callStateSince).toBe(at);
    const noted = reduce(held, callState(18, { state: "held", talking_at: AT }, "2026-11-22T08:00:45+00:00"));
    expect(noted.callStateSince).toBe(at);
  });

  test("a pop for another call puts the old call away", () => {
    const now = after(...talking, agentState(17, { state: "wrap_up" }), screenPop(18, { call_id: "c2" }));
    expect(now.call).toBeNull();
    expect(now.pop?.call_id).toBe("c2");
  });

  test("a call that is picked up out of the wrap-up does not stand beside the customer of the last one", () => {
    const state = after(
      ...talking,
      agentState(17, { state: "wrap_up" }),
      agentState(18, { state: "reserved" }),
      callState(19, { id: "c2", caller: "13800000009", state: "ringing" }),
    );
    expect(state.call?.id).toBe("c2");
    expect(state.pop).toBeNull();
  });

  test("comes back whole with hello", () => {
    const now = after(hello(10, { agent: agent({ state: "talking" }), call: call({ state: "talking" }), pop: pop() }));
    expect([now.call?.id, now.pop?.call_id]).toEqual(["c1", "c1"]);
  });
});

test("another agent's state is not mine", () => {
  expect(after(hello(10), agentState(11, { id: "ag2", state: "talking" })).agent?.state).toBe("ready");
});

test("a phone that is lost shows at once", () => {
  const lost = { type: "seat_state", seq: 11, at: AT, seat: { id: "s", sip_username: "s", registered: false } } as const;
  expect(after(hello(10), lost).seat?.registered).toBe(false);
});

describe("more than one agent in a call", () => {
  const third = (state: string) => ({ state, agent_id: "ag1", number: null });

  test("who is consulted sees the call of the other, and keeps seeing it when it is handed over", () => {
    const asked = after(hello(10), callState(11, { agent_id: "ag2", state: "held", third: third("ringing") }));
    expect(asked.call?.third?.state).toBe("ringing");
    const mine = reduce(asked, callState(12, { agent_id: "ag1", state: "talking", third: null }));
    expect(mine.call?.agent_id).toBe("ag1");
  });

  test("what happens to a call after one has left it is not shown", () => {
    const mine = after(hello(10), callState(11, { state: "talking" }));
    expect(reduce(mine, callState(12, { agent_id: "ag2", state: "talking" })).call?.agent_id).toBe("ag1");
  });

  test("a call that one dials is one's own from the first ring", () => {
    const placed = after(hello(10), callState(11, { direction: "outbound", state: "placed" }));
    expect(placed.call?.state).toBe("placed");
  });

  test("who is parked is told whole, and not known after a hello", () => {
    const place = { place: 701, call_id: "c7", caller: "138****0002", agent_id: "ag2", since: AT, until: AT };
    const told = after(hello(10), { type: "parked", seq: 11, at: AT, items: [place] });
    expect(told.parked).toEqual([place]);
    expect(reduce(told, { type: "parked", seq: 12, at: AT, items: [] }).parked).toEqual([]);
    expect(reduce(told, hello(20)).parked).toBeNull();
  });
});

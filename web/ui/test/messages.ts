/** Messages as the server would send them. */
import type { Agent, Call, Hello, ScreenPop, ServerMessage } from "../src/api/types";

export const AT = "2026-11-22T08:00:00+00:00";

export function agent(more: Partial<Agent> = {}): Agent {
  return { id: "ag1", state: "ready", reason: null, cause: "asked", since: AT, wrap_up_ends_at: null, ...more };
}

export function call(more: Partial<Call> = {}): Call {
  return {
    id: "c1",
    caller: "13800000002",
    caller_known: true,
    direction: "inbound",
    state: "ringing",
    queue: "general",
    agent_id: "ag1",
    seat_id: "seat1001",
    customer_id: null,
    started_at: AT,
    answered_at: AT,
    queued_at: AT,
    talking_at: null,
    ended_at: null,
    ended_by: null,
    end_cause: null,
    recording_id: null,
    ...more,
  };
}

export function pop(more: Partial<ScreenPop> = {}): ScreenPop {
  return {
    call_id: "c1",
    caller: "13800000002",
    customer: null,
    matches: [],
    accounts: [],
    bill: null,
    outage: null,
    open_work_orders: [],
    history: [],
    complaints_30d: 0,
    ivr_path: [],
    waited_s: 3,
    queue: "general",
    ahead_causes: [],
    need: null,
    script: null,
    ...more,
  };
}

export function hello(seq: number, more: Partial<Hello> = {}): Hello {
  return {
    type: "hello",
    seq,
    at: AT,
    user: { id: "ag1", username: "1001", display_name: "李晓梅", role: "agent", job_number: "1001" },
    seat: { id: "seat1001", sip_username: "seat1001", registered: true },
    agent: agent(),
    call: null,
    pop: null,
    queues: [],
    server_time: AT,
    site: { name: "供电服务热线", timezone: "Asia/Shanghai" },
    result_codes: [],
    not_ready_reasons: [],
    ...more,
  };
}

export function agentState(seq: number, more: Partial<Agent>): ServerMessage {
  const { id, ...rest } = agent(more);
  return { type: "agent_state", seq, at: AT, agent_id: id, ...rest };
}

export function callState(seq: number, more: Partial<Call>, at = AT): ServerMessage {
  return { type: "call_state", seq, at, call: call(more) };
}

export function screenPop(seq: number, more: Partial<ScreenPop> = {}): ServerMessage {
  return { type: "screen_pop", seq, at: AT, ...pop(more) };
}

export function notice(seq: number, text: string): ServerMessage {
  return { type: "notice", seq, at: AT, level: "info", code: "x", text };
}

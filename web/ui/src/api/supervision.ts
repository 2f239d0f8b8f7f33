/** What a shift lead asks for: of others' talks, of their states, of a wait, of storm mode. */
import type { Switch } from "./announcements";
import { calls } from "./calls";
import { request } from "./http";
import type { AgentRow, Call, Page } from "./types";

export type WatchVerb = "monitor" | "whisper" | "barge" | "take-over";

export interface LiveCall extends Call {
  /** Told to who may listen: which lead does so now, and how (listen, whisper, barge). */
  monitor?: { agent_id: string; mode: string } | null;
  park_place?: number | null;
}

export interface Parked {
  place: number;
  call_id: string;
  caller: string;
  agent_id: string;
  since: string;
  until: string;
}

export interface Beside {
  agent_id: string;
  free: boolean;
  fits: boolean;
  lacks: string[];
  score: number;
}

export interface Decision {
  at: string;
  agent_id: string;
  rule: string;
  waited_s: number;
}

/** Why a call waits, or why its agents got it. */
export interface Explanation {
  call_id: string;
  rule: string;
  stand: string | null;
  position: number | null;
  waited_s: number | null;
  ahead_s: number | null;
  causes: string[];
  step: number | null;
  need: { skills: Record<string, number>; groups: string[] } | null;
  held_for: string | null;
  queues: string[];
  next_change_s: number | null;
  agents: Beside[];
  decisions: Decision[];
}

export interface Trigger {
  trigger: string;
  now: number | null;
  begins: number;
  ends: number;
  pulled: boolean;
  calm: boolean;
}

export interface Storm extends Switch {
  overruled: boolean;
  acts: boolean;
  triggers: Trigger[];
}

const PAGE = 200;
/** More live calls than this are not listed. */
export const MOST_LISTED = 1000;
const part = encodeURIComponent;

/** Every live call, the latest first. */
export async function liveCalls(): Promise<LiveCall[]> {
  const found: LiveCall[] = [];
  let cursor: string | null | undefined = null;
  do {
    const page: Page<LiveCall> = await calls({ state: "live", limit: PAGE, cursor });
    found.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null && cursor !== undefined && found.length < MOST_LISTED);
  return found;
}

export const parked = async (): Promise<Parked[]> => (await request<Page<Parked>>("GET", "parked")).items;
export const watch = (callId: string, verb: WatchVerb): Promise<unknown> => request("POST", `calls/${part(callId)}/${verb}`, {});
export const leave = (callId: string): Promise<unknown> => request("POST", `calls/${part(callId)}/monitor`, { on: false });
export const release = (callId: string, reason: string): Promise<unknown> => request("POST", `calls/${part(callId)}/hangup`, { reason });
export const pickUp = (callId: string): Promise<unknown> => request("POST", `calls/${part(callId)}/pickup`, {});
export const setState = (agentId: string, state: "ready" | "not_ready", reason?: string): Promise<AgentRow> =>
  request("POST", `agents/${part(agentId)}/state`, reason === undefined ? { state } : { state, reason });
export const signOff = (agentId: string): Promise<AgentRow> => request("POST", `agents/${part(agentId)}/sign-out`, {});
export const explain = (queue: string, callId: string): Promise<Explanation> =>
  request("GET", `queues/${part(queue)}/explain?call=${part(callId)}`);
export const readStorm = (): Promise<Storm> => request("GET", "storm");

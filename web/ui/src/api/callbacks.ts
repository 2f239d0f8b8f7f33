/** Callbacks that are booked or rung, and callers who hung up while waiting (docs/reference/callbacks.md). */
import { request, withQuery } from "./http";
import type { Page } from "./types";

export interface CallbackRow {
  id: string;
  /** booked, dialling, closed. */
  state: string;
  number: string;
  queue: string;
  call_id: string;
  waiting_since: string;
  booked_at: string;
  not_before: string;
  /** null: as soon as possible. */
  not_after: string | null;
  due_at: string;
  calls: number;
  misses: number;
  agent_id: string | null;
  /** answered, called_in, unreached, too_late, dismissed, once it is closed. */
  outcome: string | null;
  reason: string;
  closed_at: string | null;
}

export interface AbandonedRow {
  call_id: string;
  number: string;
  queue: string;
  waiting_since: string;
  ended_at: string;
  waited_s: number;
}

export interface Rung {
  id: string;
  call_id: string | null;
}

/** The server lists no more of a kind. */
export const MOST_LISTED = 200;

const listed = async <T>(path: string, query: Record<string, string> = {}): Promise<T[]> =>
  (await request<Page<T>>("GET", withQuery(path, { ...query, limit: MOST_LISTED }))).items;
const of = (id: string, verb: string): string => `callbacks/${encodeURIComponent(id)}/${verb}`;

export const callbacks = (state: "booked" | "dialling" | "closed"): Promise<CallbackRow[]> => listed("callbacks", { state });
export const abandoned = (): Promise<AbandonedRow[]> => listed("callbacks/abandoned");
export const dialCallback = (id: string): Promise<Rung> => request("POST", of(id, "dial"), {});
export const skipCallback = (id: string, reason: string): Promise<unknown> => request("POST", of(id, "skip"), { reason });
export const closeCallback = (id: string, reason: string): Promise<unknown> => request("POST", of(id, "close"), { reason });
export const takeUp = (call_id: string, dial: boolean): Promise<Rung> => request("POST", "callbacks", { call_id, dial });

/** Everything on the wall in one answer (docs/reference/wallboard.md). */
import { request } from "./http";
import type { AgentRow, Queue } from "./types";

export interface Sums {
  /** Counts of today by symbol (docs/reference/kpi.md). */
  counts: Record<string, number>;
  /** Figures by variant, decimals as text; null where nobody counts yet. */
  figures: Record<string, string | null>;
  halves: { begins: string; ends: string; counts: Record<string, number>; figures: Record<string, string | null> }[];
}

export type QueueNow = Queue & Sums;

export interface AgentNow extends AgentRow {
  /** For so long in this state as of `as_of`. */
  seconds: number;
  skills: Record<string, number>;
}

export interface DayHalf {
  begins: string;
  /** Callers who ask for a person, by the forecast of the morning. */
  expected: number | null;
  asked: number;
  offered: number;
  answered: number;
  abandoned: number;
}

export interface Alarm {
  /** A newer server may have more than the words know. */
  code: string;
  level: "info" | "warning" | "error";
  /** A queue's or an agent's id. */
  about: string;
  value: number | null;
  limit: number | null;
  since: string | null;
}

export interface Board {
  as_of: string;
  timezone: string;
  /** Answered within so many seconds counts for the service level. */
  threshold_s: number;
  /** The service level to be reached, per cent. */
  goal_percent: number;
  whole: Sums;
  queues: QueueNow[];
  skills: { id: string; name: string }[];
  agents: AgentNow[];
  states: Record<string, number>;
  day: DayHalf[];
  /** False while the forecast of today is still being read. */
  foretold: boolean;
  alarms: Alarm[];
}

/** Made once a second however many ask; longer than this it cannot be of now. */
const LIMIT_MS = 5_000;

export const wallboard = (): Promise<Board> => request("GET", "wallboard", undefined, LIMIT_MS);

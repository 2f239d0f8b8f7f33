/** What the lists of a shift lead show: found, filtered, sorted, a page at a time; pure. */
import type { AgentNow } from "../api/wallboard";
import type { LiveCall } from "../api/supervision";
import { type ShownState, stateOf } from "../wallboard/figures";

export const PAGE_SIZE = 50;
export type AgentKey = "name" | "state" | "seconds";

export interface Wanted {
  text: string;
  state: string;
  skill: string;
}

/** Every word of `text` is in the name, the job number, the seat or the caller's number. */
export function matches(agent: AgentNow, wanted: Wanted, call: LiveCall | undefined): boolean {
  if (wanted.state !== "" && stateOf(agent.state) !== wanted.state) return false;
  if (wanted.skill !== "" && !(wanted.skill in agent.skills)) return false;
  const own = [agent.display_name, agent.username, agent.job_number, agent.seat_id, call?.caller].join(" ").toLowerCase();
  const words = wanted.text.toLowerCase().split(/\s+/).filter((word) => word !== "");
  return words.every((word) => own.includes(word));
}

/** What a lead looks at first. */
const FIRST: readonly ShownState[] = ["talking", "not_ready", "wrap_up", "ringing", "ready"];
const place = (state: string): number => {
  const shown = stateOf(state);
  return shown === null ? FIRST.length : FIRST.indexOf(shown);
};

const ORDERS: Record<AgentKey, (a: AgentNow, b: AgentNow) => number> = {
  name: (a, b) => (a.job_number ?? a.username).localeCompare(b.job_number ?? b.username, "zh-CN", { numeric: true }),
  state: (a, b) => place(a.state) - place(b.state) || b.seconds - a.seconds,
  seconds: (a, b) => a.seconds - b.seconds,
};

/** Sorted by one column; equals keep the order of job numbers. */
export function sorted(agents: readonly AgentNow[], key: AgentKey, down: boolean): AgentNow[] {
  const order = ORDERS[key];
  return [...agents].sort((a, b) => (down ? -1 : 1) * order(a, b) || ORDERS.name(a, b));
}

/** Who waits longest first, then those in a talk and in the menu, the oldest first. */
export function callsInOrder(calls: readonly LiveCall[]): LiveCall[] {
  const rank = (call: LiveCall): number => (call.state === "queued" ? 0 : call.state === "menu" || call.state === "arrived" ? 2 : 1);
  const since = (call: LiveCall): number => Date.parse(call.state === "queued" ? (call.queued_at ?? call.started_at) : call.started_at);
  return [...calls].sort((a, b) => rank(a) - rank(b) || since(a) - since(b));
}

export interface Paged<T> {
  shown: T[];
  /** From 1. */
  page: number;
  pages: number;
}

/** The page `wanted`, or the last one when the list has become shorter. */
export function paged<T>(items: readonly T[], wanted: number): Paged<T> {
  const pages = Math.max(1, Math.ceil(items.length / PAGE_SIZE));
  const page = Math.min(Math.max(1, wanted), pages);
  return { shown: items.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE), page, pages };
}

/** Whom a caller can be handed on to: colleagues, queues, and a number outside, as one searched list. */
import type { AgentRow, Queue } from "../api/types";

export interface Target {
  /** Unlike that of any other row. */
  key: string;
  kind: "agent" | "queue" | "number";
  /** Id of the agent or queue, or the number. */
  id: string;
  name: string;
  /** Why nobody can be handed on to here now: a state, or `phone`; null: it is free. */
  busy: string | null;
  agent?: AgentRow;
  queue?: Queue;
}

/** Rows shown of one kind; whoever is not among them is found by typing more. */
export const MOST = 30;
const NUMBER = /^\+?[\d\s()-]{3,24}$/;

/** The rows that fit `text`: those who are free first, then by name. */
export function targetsFor(text: string, agents: readonly AgentRow[], queues: readonly Queue[], me: string): Target[] {
  const words = text.trim().toLowerCase();
  const fits = (...parts: (string | null | undefined)[]): boolean =>
    words === "" || parts.some((part) => part?.toLowerCase().includes(words));
  const people = agents
    .filter((one) => one.id !== me && one.state !== "logged_out" && fits(one.display_name, one.username, one.seat_id))
    .map((one): Target => ({ key: `agent:${one.id}`, kind: "agent", id: one.id, name: one.display_name, busy: whyNot(one), agent: one }))
    .sort((a, b) => Number(a.busy !== null) - Number(b.busy !== null) || a.name.localeCompare(b.name))
    .slice(0, MOST);
  const lines = queues
    .filter((one) => fits(one.name, one.id))
    .map((one): Target => ({ key: `queue:${one.id}`, kind: "queue", id: one.id, name: one.name, busy: null, queue: one }))
    .slice(0, MOST);
  return [...lines, ...people, ...outside(text)];
}

/** What is typed as a number outside; whether it may be dialled is the server's to say. */
function outside(text: string): Target[] {
  if (!NUMBER.test(text.trim())) return [];
  const number = text.replace(/[\s()-]/g, "");
  return [{ key: "number", kind: "number", id: number, name: number, busy: null }];
}

function whyNot(one: AgentRow): string | null {
  if (one.state !== "ready") return one.state;
  return one.seat_registered ? null : "phone";
}

/** Where the mark goes by an arrow key: to the next row that can be chosen, around the end. */
export function nextOf(rows: readonly Target[], key: string | null, step: 1 | -1): string | null {
  const open = rows.filter((row) => row.busy === null);
  if (open.length === 0) return null;
  const at = open.findIndex((row) => row.key === key);
  const to = at === -1 ? (step === 1 ? 0 : open.length - 1) : (at + step + open.length) % open.length;
  return open[to]?.key ?? null;
}

/** How the server wants this target named in a command. */
export function whom(target: Target): { to: string } | { agent: string } | { number: string } {
  if (target.kind === "queue") return { to: target.id };
  return target.kind === "agent" ? { agent: target.id } : { number: target.id };
}

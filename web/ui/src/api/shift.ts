/** Messages of the shift, figures of one's own day, the roster with its hand-over and the backup shift. */
import { request, withQuery } from "./http";
import type { Page } from "./types";

export interface Message {
  id: string;
  sender_id: string;
  sender: string | null;
  text: string;
  sent_at: string;
  to_all: boolean;
  read_at: string | null;
}

export interface SentMessage {
  id: string;
  text: string;
  sent_at: string;
  to_all: boolean;
  read: number;
  people: { agent_id: string; name: string | null; read_at: string | null }[];
}

export interface NewMessage {
  key: string;
  text: string;
  /** Ids; empty: everybody. */
  to: string[];
}

/** Counts by symbol (times in microseconds), figures by formula (docs/reference/kpi.md). */
export interface Kpi {
  as_of: string;
  total: { counts: Record<string, number>; figures: Record<string, string | null> };
}

export interface Duty {
  agent_id: string;
  name: string | null;
  day: string;
  shift: string;
  kind: "main" | "backup";
  from: string;
  until: string;
}

export interface AgentShift {
  agent_id: string;
  duties: Duty[];
  adherence: number | null;
}

export interface Book {
  shift_id: string;
  state: "open" | "closed" | "taken_over";
  opened_at: string;
  opened_by: string | null;
  closed_at: string | null;
  closed_by: string | null;
  note: string;
  taken_at: string | null;
  taken_by: string | null;
}

export interface Backup {
  id: string;
  at: string;
  trigger: string;
  why: string;
  by: string | null;
  agents: string[];
}

export interface Plan {
  day: string;
  shifts: { code: string; name: string; begins: string; ends: string }[];
  duties: Duty[];
  uncovered: { from: string; until: string }[];
  books: Book[];
  backup: Backup | null;
  on_backup: Duty[];
  weather: { level: string; text: string; from: string; until: string }[];
}

const items = async <T>(path: string): Promise<T[]> => (await request<Page<T>>("GET", path)).items;
const shift = (id: string, verb: string): string => `shifts/${encodeURIComponent(id)}/${verb}`;

export const inbox = (): Promise<Message[]> => items("messages");
export const sentMessages = (): Promise<SentMessage[]> => items("messages/sent");
export const sendMessage = (message: NewMessage): Promise<unknown> => request("POST", "messages", message);
export const readMessage = (id: string): Promise<unknown> => request("POST", `messages/${encodeURIComponent(id)}/read`, {});

export const ownToday = (variants: readonly string[]): Promise<Kpi> =>
  request("GET", withQuery("kpi/today", { agent: "me", variant: variants.join(",") }));
export const ownShift = (from?: string, to?: string): Promise<AgentShift> => request("GET", withQuery("agents/me/shift", { from, to }));

export const planOf = (day?: string): Promise<Plan> => request("GET", withQuery("shifts", { day }));
export const books = (): Promise<Book[]> => items("shifts/books");
export const openShift = (id: string): Promise<Book> => request("POST", shift(id, "open"), {});
export const closeShift = (id: string, note: string): Promise<Book> => request("POST", shift(id, "close"), { note });
export const takeOverShift = (id: string): Promise<Book> => request("POST", shift(id, "take-over"), {});
export const activateBackup = (why: string): Promise<unknown> => request("POST", "shifts/backup/activate", { why });
export const releaseBackup = (why: string): Promise<unknown> => request("POST", "shifts/backup/release", { why });

/** What this browser keeps between visits: the seat it stands at, and notes that are not sent yet. */
import type { Command } from "../api/types";
import { NOTE_LIMIT } from "./limits";

const SEAT = "hotline.seat";
const DRAFTS = "hotline.drafts";
const OWNER = "hotline.owner";

export function keptSeat(): string | null {
  return localStorage.getItem(SEAT);
}

export function keepSeat(id: string | null): void {
  if (id === null) localStorage.removeItem(SEAT);
  else localStorage.setItem(SEAT, id);
}

/** A key of something written; a page that is not of a secure origin has no `randomUUID`. */
export function newKey(): string {
  return crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`.replace(/\W/g, "-");
}

export interface Draft {
  callId: string;
  note: string;
  code: string | null;
  /** Who called, to tell the drafts of several calls apart. */
  caller?: string | null;
  /** Of what is written now: sent again with it after a lost answer, it is kept once. */
  key?: string;
}

/** Drafts that a tab remembers; of more, the oldest are forgotten. */
const MOST = 20;

/** What was typed about calls and is not sent yet, the latest last. It lives as long as the tab. */
export function drafts(): Draft[] {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem(DRAFTS) ?? "[]");
    return Array.isArray(found) ? (found as Draft[]) : [];
  } catch {
    return [];
  }
}

/** The draft of this call, so that neither F5 nor the end of the wrap-up loses anything. */
export function keptDraft(callId: string): Draft {
  return drafts().find((one) => one.callId === callId) ?? { callId, note: "", code: null };
}

/** Keep it; what is written anew has a new key. Returns the key. */
export function keepDraft(draft: Draft): string {
  const before = keptDraft(draft.callId);
  const same = before.key !== undefined && before.note === draft.note && before.code === draft.code;
  const key = same ? (before.key ?? newKey()) : newKey();
  const others = drafts().filter((one) => one.callId !== draft.callId);
  const empty = draft.note.trim() === "" && draft.code === null;
  sessionStorage.setItem(DRAFTS, JSON.stringify((empty ? others : [...others, { ...draft, key }]).slice(-MOST)));
  return key;
}

export function forgetDraft(callId: string): void {
  keepDraft({ callId, note: "", code: null });
}

/** What brings a draft to the server: one whose code is not, or no longer, in the list `known` becomes a note. */
export function commandFor({ callId, note, code }: Draft, known: readonly { code: string }[], key: string): Command {
  const words = note.trim();
  if (code !== null && known.some((one) => one.code === code))
    return { type: "wrap-up", call_id: callId, result_code: code, note: words, key };
  const text = [code, words].filter(Boolean).join(" · ");
  return { type: "note", call_id: callId, text: text.length > NOTE_LIMIT ? words : text, key };
}

/** What one person left unfinished in this tab is not shown to the next one who signs in. */
export function workOf(userId: string): void {
  const before = sessionStorage.getItem(OWNER);
  sessionStorage.setItem(OWNER, userId);
  if (before === null || before === userId) return;
  const left = Array.from({ length: sessionStorage.length }, (_, place) => sessionStorage.key(place) ?? "");
  for (const key of left) if (WORK.some((begin) => key.startsWith(begin))) sessionStorage.removeItem(key);
}

const WORK = [DRAFTS, "hotline.orders", "hotline.customers", "hotline.message", "hotline.handover"];

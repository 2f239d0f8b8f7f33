/** What this browser keeps between visits: the seat it stands at, and a note that is not sent yet. */

const SEAT = "hotline.seat";
const DRAFT = "hotline.draft";

export function keptSeat(): string | null {
  return localStorage.getItem(SEAT);
}

export function keepSeat(id: string | null): void {
  if (id === null) localStorage.removeItem(SEAT);
  else localStorage.setItem(SEAT, id);
}

export interface Draft {
  callId: string;
  note: string;
  code: string | null;
}

/** The draft of this call, so that F5 loses nothing. It lives as long as the tab and for one call only. */
export function keptDraft(callId: string): Draft {
  const empty: Draft = { callId, note: "", code: null };
  try {
    const kept = JSON.parse(sessionStorage.getItem(DRAFT) ?? "null") as Draft | null;
    return kept?.callId === callId ? kept : empty;
  } catch {
    return empty;
  }
}

export function keepDraft(draft: Draft | null): void {
  if (draft === null) sessionStorage.removeItem(DRAFT);
  else sessionStorage.setItem(DRAFT, JSON.stringify(draft));
}

/**
 * When a line that may be dead is asked, when an attempt to reach the server is given up, and when the next begins.
 *
 * A network that goes without a word leaves an attempt waiting on a first packet that is sent again after 1, 2 and 4 s
 * (RFC 6298), so a new attempt is sooner through than the old one. Attempts that nobody answers cost the server nothing.
 */

/** An attempt of a line that was there before is given up after this, ms: what is lost is sent again once within it. */
export const PATIENCE = 1_200;
/** So many attempts are made at that pace; then each waits half as long again, up to this, ms. */
export const QUICK = 12;
export const LONGEST = 4_000;
/** So much by chance between two attempts that nobody answered, ms: many pages lose their network in one instant. */
export const SPREAD = 300;

/** Nothing heard for this long on a line that is asked for a sign of life every 2 s: it is asked, ms. */
export const QUIET = 4_000;
/** A line that does not answer within this is dead, whatever the browser thinks of its socket, ms. */
export const ANSWER = 1_500;

/**
 * How long an attempt may take after `silent` others that nobody answered, ms. A server that was never heard may be
 * slow; one that was is there or not.
 */
export function patience(silent: number, heardBefore: boolean): number {
  if (!heardBefore) return LONGEST;
  return Math.min(LONGEST, PATIENCE * 1.5 ** Math.max(0, silent + 1 - QUICK));
}

/** How long to wait after an attempt that nobody answered, ms; `chance` is from 0 to 1. */
export function rest(chance: number): number {
  return Math.round(SPREAD * chance);
}

/** What is to be done about a line by when it was heard and asked last, ms. */
export function judge(now: number, heardAt: number, askedAt: number): "well" | "ask" | "dead" {
  if (askedAt > heardAt) return now - askedAt >= ANSWER ? "dead" : "well";
  return now - heardAt >= QUIET ? "ask" : "well";
}

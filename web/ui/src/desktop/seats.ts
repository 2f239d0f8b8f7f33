/** Which seats one may take, and which one is proposed at sign-in. */
import type { SeatChoice } from "../api/types";

/** Nobody else sits there. */
export function isFree(seat: SeatChoice, me: string): boolean {
  return seat.agent_id === null || seat.agent_id === me;
}

/** The seat of this browser, else one's usual one: the desk where somebody stands says more than where they mostly sit. */
export function proposed(seats: SeatChoice[], me: string, kept: string | null, usual: string | null): string | null {
  const free = (id: string | null): boolean => seats.some((one) => one.id === id && isFree(one, me));
  return [kept, usual].find(free) ?? null;
}

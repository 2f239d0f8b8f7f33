/** Which of the sentences fit the call as it is now. */
import { shallowRef } from "vue";
import type { Call } from "../api/types";

/** A situation that somebody on the page wants to be shown; a new object each time, so the same one counts again. */
export const linesAsked = shallowRef<{ situation: string }>({ situation: "opening" });

export function showLines(situation: string): void {
  linesAsked.value = { situation };
}

export function situationOf(call: Call | null): string {
  if (call === null) return "opening";
  if (call.silence === "noticed" || call.silence === "script") return "silent";
  if (call.state === "held" && !call.third) return "hold";
  return call.direction === "outbound" ? "dialled" : "opening";
}

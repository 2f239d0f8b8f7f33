/**
 * Which controls a call has at this moment: exactly those that the server would obey, the one to use next first.
 *
 * Pure, so that the rules of call control (cti/talk.py, cti/consult.py, cti/handover.py) stand here in one place.
 */
import type { AgentState, Call } from "../api/types";

export type Control =
  | "answer"
  | "reject"
  | "hold"
  | "resume"
  | "mute"
  | "transfer"
  | "consult"
  | "complete"
  | "leave"
  | "swap"
  | "join"
  | "cancel"
  | "park"
  | "survey"
  | "silent"
  | "silentBack"
  | "nuisance"
  | "hangup"
  | "quit";

/** `main` is what comes next in most calls, `rest` what is used often, `more` what is used seldom, `end` ends it. */
export interface Bar {
  main: Control | null;
  rest: Control[];
  more: Control[];
  end: Control | null;
}

export interface Me {
  id: string;
  state: AgentState;
  /** The page is the phone, and has its own big button to answer. */
  browserPhone: boolean;
}

const NOTHING: Bar = { main: null, rest: [], more: [], end: null };

/** Whether I was brought into this call by its agent. */
export function isThird(call: Call | null, myId: string | undefined): boolean {
  return call !== null && myId !== undefined && call.agent_id !== myId && call.third?.agent_id === myId;
}

export function barOf(me: Me, call: Call | null): Bar {
  if (call === null) return NOTHING;
  if (me.state === "ringing") return { ...NOTHING, main: me.browserPhone ? null : "answer", rest: ["reject"] };
  if (me.state !== "talking") return NOTHING;
  if (isThird(call, me.id)) return { ...NOTHING, end: "quit" };
  if (call.state === "dialling") return { ...NOTHING, end: "hangup" };
  if (call.silence === "script") return { ...NOTHING, main: "silentBack" };
  return call.third ? withThird(call) : alone(call);
}

function withThird(call: Call): Bar {
  const inbound = cameIn(call);
  switch (call.third?.state) {
    case "ringing":
      return { main: "cancel", rest: inbound ? ["mute", "complete"] : ["mute"], more: [], end: null };
    case "joined":
      return { main: "leave", rest: ["mute", "hold"], more: [], end: "cancel" };
    default:
      return { main: "complete", rest: ["swap", "join", "mute"], more: [], end: "cancel" };
  }
}

function alone(call: Call): Bar {
  const inbound = cameIn(call);
  if (call.state === "held") {
    const rest: Control[] = inbound ? ["mute", "transfer", "consult", "park"] : ["mute", "consult"];
    return { main: "resume", rest, more: inbound ? ["survey"] : [], end: "hangup" };
  }
  if (!inbound) return { main: "hold", rest: ["mute", "consult"], more: [], end: "hangup" };
  const rest: Control[] = ["mute", "transfer", "consult", "park"];
  if (call.silence === "noticed") return { main: "silent", rest: ["hold", ...rest], more: ["nuisance"], end: "hangup" };
  return { main: "hold", rest, more: ["silent", "survey", "nuisance"], end: "hangup" };
}

/** Who was called by us has no queue to wait in and no menu to go back to. */
function cameIn(call: Call): boolean {
  return call.direction !== "outbound" && call.direction !== "out";
}

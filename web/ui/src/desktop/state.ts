/**
 * What the desktop knows, as a pure function of the server's messages.
 *
 * `hello` replaces everything. Every later message that changes the state has the next `seq`; one that is not
 * above `lastSeq` was seen already (a resume may repeat it) and changes nothing, and one that leaves a gap is not
 * taken before the gap is closed (`leavesGap`). Figures of the queues and answers bear the number of the message
 * before them and are not repeated, so they do not move `lastSeq`; the newest figures by time win.
 */
import type {
  Agent,
  AgentStateMessage,
  Call,
  Choice,
  Hello,
  NoticeMessage,
  Parked,
  Queue,
  QueueStatsMessage,
  ScreenPop,
  ScreenPopMessage,
  Seat,
  ServerMessage,
  Site,
  User,
} from "../api/types";

export interface Notice {
  seq: number;
  at: string;
  level: NoticeMessage["level"];
  code: string;
  text: string;
}

export interface Missed {
  caller: string | null;
  at: string;
  cause: string;
}

export interface DesktopState {
  /** `seq` of the newest message that changed the state; null before the first `hello`. */
  lastSeq: number | null;
  user: User | null;
  seat: Seat | null;
  /** Which of my pages is the phone now; null: none since the service started. */
  phonePage: string | null;
  agent: Agent | null;
  call: Call | null;
  /** When the call came into its present state, as far as this page saw it. */
  callStateSince: string | null;
  pop: ScreenPop | null;
  queues: Queue[];
  queuesAt: string | null;
  site: Site | null;
  resultCodes: Choice[];
  notReadyReasons: Choice[];
  /** A caller on hold for longer than this gets an apology, s. */
  holdLimit: number;
  /** The call that rang here unanswered and took the seat out; until the agent is ready again. */
  missed: Missed | null;
  notices: Notice[];
  /** Who is parked; null: not known since the last `hello`, to be asked for. */
  parked: Parked[] | null;
  /** `seq` of the last message that announcements or storm mode may stand differently. */
  switched: number;
  /** `seq` of the last message that the messages from who leads may stand differently. */
  mail: number;
}

export const NOTICES_KEPT = 20;

/** "Hold no longer than 20 s, come back with an apology": public table of 95598 telephone phrases, domain.md §3.8. */
const HOLD_LIMIT_S = 20;

export const EMPTY: DesktopState = {
  lastSeq: null,
  user: null,
  seat: null,
  phonePage: null,
  agent: null,
  call: null,
  callStateSince: null,
  pop: null,
  queues: [],
  queuesAt: null,
  site: null,
  resultCodes: [],
  notReadyReasons: [],
  holdLimit: HOLD_LIMIT_S,
  missed: null,
  notices: [],
  parked: null,
  switched: 0,
  mail: 0,
};

/** Notices about the caller of one call, who is not the next one. */
const ABOUT_A_CALLER: ReadonlySet<string> = new Set(["caller_silent", "caller_heard", "silence_unheard", "hold_reminder"]);

const withoutCaller = (notices: Notice[]): Notice[] => notices.filter((one) => !ABOUT_A_CALLER.has(one.code));

/** States in which no call is the agent's own any more. */
const WITHOUT_CALL: ReadonlySet<string> = new Set(["ready", "not_ready", "logged_out"]);

const UNNUMBERED: ReadonlySet<string> = new Set(["hello", "queue_stats", "pong", "ok", "error"]);

/** Whether messages before this one are missing, so that the line has to be resumed after `lastSeq`. */
export function leavesGap(state: DesktopState, message: ServerMessage): boolean {
  if (state.lastSeq === null || message.type === "hello") return false;
  return message.seq > state.lastSeq + (UNNUMBERED.has(message.type) ? 0 : 1);
}

/** Return the state after `message`; the same object when nothing changed. */
export function reduce(state: DesktopState, message: ServerMessage): DesktopState {
  if (message.type === "hello") return fromHello(message, state);
  if (message.type === "pong" || message.type === "ok" || message.type === "error") return state;
  if (message.type === "queue_stats") return withQueues(state, message);
  if (state.lastSeq === null || message.seq <= state.lastSeq) return state;
  const next = { ...state, lastSeq: message.seq };
  switch (message.type) {
    case "agent_state":
      return withAgent(next, message);
    case "seat_state":
      return { ...next, seat: message.seat };
    case "phone":
      return { ...next, phonePage: message.page };
    case "screen_pop":
      return withPop(next, message);
    case "call_state":
      return withCall(next, message.call, message.at);
    case "notice":
      return withNotice(next, message);
    case "parked":
      return { ...next, parked: message.items };
    case "announcements":
      return { ...next, switched: message.seq };
    case "message":
    case "message_read":
      return { ...next, mail: message.seq };
    default:
      // A newer server may send what this page does not know; its place in the order still counts.
      return next;
  }
}

function fromHello(hello: Hello, before: DesktopState): DesktopState {
  const missed = missedOf(hello.agent, before.missed?.caller ?? null);
  return {
    lastSeq: hello.seq,
    user: hello.user,
    seat: hello.seat,
    phonePage: hello.phone_page ?? null,
    agent: hello.agent,
    call: hello.call,
    callStateSince: sameState(before.call, hello.call) ? before.callStateSince : (hello.call?.talking_at ?? null),
    pop: hello.pop,
    queues: hello.queues,
    queuesAt: hello.at,
    site: hello.site,
    resultCodes: hello.result_codes,
    notReadyReasons: hello.not_ready_reasons,
    holdLimit: hello.hold_limit_s ?? HOLD_LIMIT_S,
    missed,
    notices: hello.call !== null && hello.call.id === before.call?.id ? before.notices : withoutCaller(before.notices),
    parked: null,
    switched: hello.seq,
    mail: hello.seq,
  };
}

/** Causes by which a seat that was rung without an answer is taken out (agents/model.py, MISSES and a lapsed lease). */
const MISSES: ReadonlySet<string> = new Set([
  "no_answer",
  "busy",
  "rejected",
  "unreachable",
  "failed",
  "lease_expired",
]);

function missedOf(agent: Agent, caller: string | null): Missed | null {
  if (agent.state !== "not_ready" || agent.cause === null || !MISSES.has(agent.cause)) return null;
  return { caller, at: agent.since, cause: agent.cause };
}

function withQueues(state: DesktopState, message: QueueStatsMessage): DesktopState {
  if (state.queuesAt !== null && Date.parse(message.at) < Date.parse(state.queuesAt)) return state;
  return { ...state, queues: message.queues, queuesAt: message.at };
}

function withAgent(state: DesktopState, message: AgentStateMessage): DesktopState {
  if (state.agent !== null && message.agent_id !== state.agent.id) return state;
  const { type: _type, seq: _seq, at: _at, agent_id: id, ...rest } = message;
  const agent: Agent = { id, ...rest };
  const name = agent.state;
  if (!WITHOUT_CALL.has(name)) return { ...state, agent, missed: null };
  const caller = state.call?.caller ?? state.pop?.caller ?? null;
  return { ...state, agent, missed: missedOf(agent, caller), call: null, pop: null, notices: withoutCaller(state.notices) };
}

function withPop(state: DesktopState, message: ScreenPopMessage): DesktopState {
  const { type: _type, seq: _seq, at: _at, ...pop } = message;
  const call = state.call !== null && state.call.id !== pop.call_id ? null : state.call;
  return { ...state, pop, call };
}

function withCall(state: DesktopState, call: Call, at: string): DesktopState {
  if (!concernsMe(state, call)) return state;
  const pop = state.pop !== null && state.pop.call_id !== call.id ? null : state.pop;
  const callStateSince = sameState(state.call, call) ? state.callStateSince : at;
  return { ...state, call, pop, callStateSince };
}

const AT_A_SEAT: ReadonlySet<string> = new Set(["placed", "dialling", "ringing", "talking", "held"]);

/** A call that I finished may still hear the survey and end later; that is not shown to me again. */
function concernsMe(state: DesktopState, call: Call): boolean {
  const me = state.agent?.id;
  const broughtIn = me !== undefined && call.third?.agent_id === me;
  const anothers = me !== undefined && call.agent_id !== null && call.agent_id !== me;
  if (anothers && !broughtIn) return false;
  if (state.call?.id === call.id) return true;
  return AT_A_SEAT.has(call.state) && call.agent_id !== null;
}

function sameState(a: Call | null, b: Call | null): boolean {
  return a !== null && b !== null && a.id === b.id && a.state === b.state;
}

function withNotice(state: DesktopState, message: NoticeMessage): DesktopState {
  const { seq, at, level, code, text } = message;
  const notices = [{ seq, at, level, code, text }, ...state.notices].slice(0, NOTICES_KEPT);
  const switched = code === "storm_on" || code === "storm_off" ? seq : state.switched;
  return { ...state, notices, switched };
}

/**
 * The shapes that the server sends and accepts (docs/reference/desktop-socket.md).
 * Times are ISO 8601 with an offset, money is yuan as a decimal string or number, durations are seconds.
 */

export type Role = "agent" | "deputy" | "shift_lead" | "quality" | "supervisor" | "admin";

export type AgentState =
  | "logged_out"
  | "not_ready"
  | "ready"
  | "reserved"
  | "ringing"
  | "talking"
  | "wrap_up";

/** A decimal that may come as a string, so that no cent is lost on the way. */
export type Yuan = string | number;

export interface User {
  id: string;
  username: string;
  display_name: string;
  role: Role;
  job_number: string | null;
}

export interface Seat {
  id: string;
  sip_username: string;
  registered: boolean;
  /** The page of who sits there is the phone of this seat. */
  browser?: boolean;
  /** That page was tested as a phone (P26); true where the phone is a device of its own. */
  checked?: boolean;
}

export interface SeatChoice extends Seat {
  agent_id: string | null;
}

export interface Agent {
  id: string;
  state: AgentState;
  reason: string | null;
  cause: string | null;
  since: string;
  wrap_up_ends_at: string | null;
  /** The state asked for during a call; it comes after wrap-up. */
  wish?: string | null;
}

export interface AgentRow extends Omit<Agent, "wrap_up_ends_at" | "wish" | "since"> {
  /** Null for one who never sat down. */
  since: string | null;
  username: string;
  display_name: string;
  job_number: string | null;
  role: Role;
  seat_id: string | null;
  seat_registered: boolean;
  call_id: string | null;
}

/** Whom the agent of a talk has brought in: ringing, talking (the caller hears music), held, joined. */
export interface ThirdParty {
  state: string;
  agent_id: string | null;
  number: string | null;
}

/** A caller who waits, with music, at a numbered place. */
export interface Parked {
  place: number;
  call_id: string;
  caller: string;
  agent_id: string;
  since: string;
  until: string;
}

export interface Call {
  id: string;
  caller: string | null;
  caller_known: boolean;
  direction: string;
  /** A state of the call machine; unknown ones are shown as they are. */
  state: string;
  queue: string | null;
  agent_id: string | null;
  seat_id: string | null;
  customer_id: string | null;
  started_at: string;
  answered_at: string | null;
  queued_at: string | null;
  ahead_causes?: string[];
  talking_at: string | null;
  ended_at: string | null;
  ended_by: string | null;
  end_cause: string | null;
  recording_id: string | null;
  /** The caller hears music until the page of the agent is back. */
  away?: boolean;
  /** Nobody in the talk hears the agent. */
  muted?: boolean;
  /** Of a live call: "noticed" (nobody has heard the caller yet) or "script" (the silent-call script is said). */
  silence?: string | null;
  /** Which prompt of the script was begun last, 1 to 3. */
  silent_prompt?: number | null;
  third?: ThirdParty | null;
  park_place?: number | null;
}

export interface Queue {
  id: string;
  name: string;
  waiting: number;
  longest_wait_s: number;
  agents_ready: number;
  agents_busy: number;
  agents_not_ready: number;
  /** Of who would come now, half wait less than this; null when it is not known. */
  expected_wait_s?: number | null;
  expected_wait_p90_s?: number | null;
}

export interface Customer {
  id: string;
  name: string;
  category: string | null;
  vip: boolean;
  important: boolean;
  /** User name of the account manager. */
  manager?: string | null;
  phones: string[];
  address: string | null;
  area: string | null;
  /** Language or dialect, as an agent wrote it down. */
  language?: string | null;
}

export interface Account {
  account_no: string;
  address: string | null;
  supply_state: string;
  arrears_yuan: Yuan | null;
  tariff: string | null;
  voltage: string | null;
}

export interface Bill {
  account_no: string;
  period: string;
  amount_yuan: Yuan;
  usage_kwh: string | number | null;
  due_date: string | null;
  paid: boolean;
  late_fee_yuan: Yuan | null;
  total_due_yuan: Yuan | null;
}

export interface Outage {
  id: string;
  area: string;
  kind: string;
  cause: string | null;
  from: string;
  until: string | null;
  /** The sentence that the agent reads out. */
  text: string;
}

export interface HistoryItem {
  call_id: string | null;
  at: string;
  summary: string;
  agent: string | null;
}

export interface IvrStep {
  node: string;
  digits: string | null;
  /** What the caller said there, as the hotline took it. */
  said?: string | null;
  at: string;
}

export interface WorkOrder {
  id: string;
  kind?: string;
  state?: string;
  summary?: string;
  /** Whom to ring about it. */
  caller?: string;
  /** How often callers urged it. */
  urges?: number;
  created_at?: string;
}

export interface CustomerFile {
  customer: Customer | null;
  accounts: Account[];
  bill: Bill | null;
  outage: Outage | null;
  open_work_orders: WorkOrder[];
  history: HistoryItem[];
  complaints_30d: number;
}

export interface ScreenPop extends CustomerFile {
  call_id: string;
  caller: string | null;
  matches: Customer[];
  ivr_path: IvrStep[];
  waited_s: number | null;
  queue: string | null;
  /** Why the call went ahead in the queue, the weightiest first. */
  ahead_causes: string[];
  /** What the caller wants by the keys pressed: business, complaint. */
  need: string | null;
  /** It was the agent who said which customer calls. */
  by_hand?: boolean;
  script: { greeting: string } | null;
}

/** An entry of a list of the installation. */
export interface Choice {
  code: string;
  /** In the language of the site. */
  label: string;
  /** By language: zh, en. */
  names: Record<string, string>;
}

export interface Site {
  name: string;
  timezone: string;
  /** What whom we dial sees as our number. */
  outbound_number?: string;
}

interface Stamped {
  seq: number;
  at: string;
}

export type Hello = Stamped & {
  type: "hello";
  user: User;
  seat: Seat | null;
  /** Which of my pages is the phone now. */
  phone_page?: string | null;
  agent: Agent;
  call: Call | null;
  pop: ScreenPop | null;
  queues: Queue[];
  server_time: string;
  site: Site;
  result_codes: Choice[];
  not_ready_reasons: Choice[];
  hold_limit_s?: number;
};
export type AgentStateMessage = Stamped & { type: "agent_state"; agent_id: string } & Omit<Agent, "id">;
export type SeatStateMessage = Stamped & { type: "seat_state"; seat: Seat | null };
export type ScreenPopMessage = Stamped & { type: "screen_pop" } & ScreenPop;
export type CallStateMessage = Stamped & { type: "call_state"; call: Call };
export type QueueStatsMessage = Stamped & { type: "queue_stats"; queues: Queue[] };
export type NoticeMessage = Stamped & {
  type: "notice";
  level: "info" | "warning" | "error";
  code: string;
  text: string;
};
export type PhoneMessage = Stamped & { type: "phone"; page: string };
export type AnnouncementsMessage = Stamped & { type: "announcements" };
export type MessageMessage = Stamped & { type: "message"; id: string };
export type MessageReadMessage = Stamped & { type: "message_read"; id: string };
export type ParkedMessage = Stamped & { type: "parked"; items: Parked[] };
export type Pong = Stamped & { type: "pong"; id?: string };
export type Ok = Stamped & { type: "ok"; id: string };
export type Refused = Stamped & { type: "error"; id: string | null; error: ApiErrorBody };

export type ServerMessage =
  | Hello
  | AgentStateMessage
  | SeatStateMessage
  | ScreenPopMessage
  | CallStateMessage
  | QueueStatsMessage
  | NoticeMessage
  | AnnouncementsMessage
  | MessageMessage
  | MessageReadMessage
  | PhoneMessage
  | ParkedMessage
  | Pong
  | Ok
  | Refused;

export interface ApiErrorBody {
  code: string;
  message: string;
  details?: Record<string, unknown>;
}

/** One of a queue, an agent, a number outside. */
export type Whom = { to: string } | { agent: string } | { number: string };

/** What the browser asks for, without the `id` that the socket adds. */
export type Command =
  | { type: "state"; state: "ready" | "not_ready"; reason?: string }
  | { type: "hold" | "resume" | "hangup" | "silent-script" | "park" | "pickup" | "answer"; call_id: string }
  | { type: "reject"; call_id: string; reason?: string }
  | { type: "mute"; call_id: string; on: boolean }
  | ({ type: "transfer" | "consult"; call_id: string } & Whom)
  | { type: "transfer"; call_id: string; menu: string }
  | { type: "consult"; call_id: string; do: "swap" | "cancel" | "complete" }
  | { type: "conference"; call_id: string; do: "join" | "leave" }
  | { type: "nuisance"; call_id: string; do: "warn" | "release" | "mark"; note?: string }
  | { type: "wrap-up"; call_id: string; result_code: string; note: string; key: string }
  | { type: "identify"; call_id: string; customer_id: string | null; add_number?: boolean }
  | { type: "extend-wrap-up"; ends_at: string }
  | { type: "note"; call_id: string; text: string; key: string }
  | { type: "dtmf"; call_id: string; digits: string };

export interface TimelineItem {
  seq: number;
  at: string;
  event: string;
  data: Record<string, unknown>;
}

export interface Page<T> {
  items: T[];
  next_cursor?: string | null;
}

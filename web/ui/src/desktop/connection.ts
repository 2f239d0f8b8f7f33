/**
 * The one WebSocket of the desktop: it notices silence, comes back by itself and resumes after the last message.
 *
 * Time and the socket itself are passed in, so that the rules can be tested without either.
 */
import { patience, rest } from "../api/retry";
import type { ApiErrorBody, Command, ServerMessage } from "../api/types";

export type LinkStatus = "idle" | "connecting" | "live" | "stale" | "lost" | "signed_out" | "refused";

/** A ping goes out this often, so that silence means trouble and not idleness, ms. */
export const PING_EVERY = 2_000;
/** Nothing heard for this long: what is on the screen may be old, ms. */
export const STALE_AFTER = 5_000;
/** Nothing heard for this long: the line is given up and opened anew, ms. */
export const DEAD_AFTER = 8_000;
/** A command without an answer for this long is reported as lost, ms. */
export const ANSWER_WITHIN = 6_000;
const BACK_OFF = [500, 1_000, 2_000, 4_000, 8_000, 15_000];

/** Close codes by which the server says why it will not talk (docs/reference/desktop-socket.md). */
export const CLOSE_SIGNED_OUT = 4401;
export const CLOSE_REFUSED = new Set([4403, 4409]);

export interface Wire {
  send(text: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
}

export interface Surroundings {
  open(path: string): Wire;
  now(): number;
  after(ms: number, run: () => void): () => void;
  random(): number;
  /** Asked after a connection failed before it opened, since a browser hides the reason: still signed in? */
  signedIn(): Promise<boolean>;
}

export interface Listener {
  message(message: ServerMessage): void;
  status(status: LinkStatus, detail: LinkDetail): void;
}

export interface LinkDetail {
  /** When the next attempt starts, ms of `now()`; null when none is planned. */
  retryAt: number | null;
  /** What the server gave as the reason of a refusal. */
  reason: string | null;
}

/** The server answered a command with an error. */
export class Refusal extends Error {
  constructor(readonly body: ApiErrorBody) {
    super(body.message);
  }
}

/** No answer came to a command: whether it was done is not known. */
export class NoAnswer extends Error {}

interface Waiting {
  done(): void;
  fail(error: Error): void;
}

export class Connection {
  private wire: Wire | null = null;
  private status: LinkStatus = "idle";
  private heardAt = 0;
  private failures = 0;
  /** Attempts that nobody answered since the server was last heard. */
  private silent = 0;
  private lastSeq: number | null = null;
  private nextId = 1;
  private readonly waiting = new Map<string, Waiting>();
  /** Start of the present silence: the last message or, before any, the attempt itself. */
  private silentSince = 0;
  private pingedAt = 0;
  private cancelTick: (() => void) | null = null;
  private cancelRetry: (() => void) | null = null;
  private cancelPatience: (() => void) | null = null;

  constructor(
    private readonly around: Surroundings,
    private readonly listener: Listener,
    private readonly seat: string | null,
  ) {}

  /** When the server was last heard, ms of `now()`; 0 before the first message. */
  get lastHeardAt(): number {
    return this.heardAt;
  }

  start(): void {
    this.connect();
  }

  stop(): void {
    this.drop();
    this.cancelRetry?.();
    this.cancelRetry = null;
    this.tell("idle");
  }

  /** Try at once, for instance because the machine says that it has a network again. */
  retryNow(): void {
    if (this.status !== "lost") return;
    this.cancelRetry?.();
    this.drop();
    this.connect();
  }

  /** Send a command. Rejects with Refusal or NoAnswer; NoAnswer means that the outcome is not known. */
  send(command: Command): Promise<void> {
    const wire = this.wire;
    if (wire === null || (this.status !== "live" && this.status !== "stale")) {
      return Promise.reject(new NoAnswer("not connected"));
    }
    const id = `c${this.nextId++}`;
    return new Promise<void>((resolve, reject) => {
      const cancel = this.around.after(ANSWER_WITHIN, () => this.settle(id, new NoAnswer("no answer in time")));
      this.waiting.set(id, {
        done: () => (cancel(), resolve()),
        fail: (error) => (cancel(), reject(error)),
      });
      wire.send(JSON.stringify({ ...command, id }));
    });
  }

  private address(): string {
    const query = new URLSearchParams();
    if (this.lastSeq !== null) query.set("since", String(this.lastSeq));
    if (this.seat !== null) query.set("seat", this.seat);
    const text = query.toString();
    return text === "" ? "api/v1/desktop" : `api/v1/desktop?${text}`;
  }

  private connect(): void {
    this.cancelRetry = null;
    this.tell(this.heardAt === 0 ? "connecting" : "lost");
    const wire = this.around.open(this.address());
    this.wire = wire;
    let opened = false;
    wire.onopen = () => {
      opened = true;
      this.cancelPatience?.();
      this.ping();
    };
    wire.onmessage = (event) => this.receive(event.data);
    wire.onclose = (event) => void this.closed(wire, event, opened);
    this.silentSince = this.around.now();
    this.cancelPatience = this.around.after(patience(this.silent, this.heardAt !== 0), () => this.giveUp());
    this.tick();
  }

  /** Nobody has answered this attempt: a new one is sooner through when the network is back. */
  private giveUp(): void {
    this.silent += 1;
    this.drop();
    this.cancelRetry = this.around.after(rest(this.around.random()), () => this.connect());
    this.tell("lost");
  }

  private tick(): void {
    this.cancelTick?.();
    this.cancelTick = this.around.after(1_000, () => {
      const now = this.around.now();
      // A clock that was set back must not hide a silence, or keep our pings back, until it has caught up.
      this.silentSince = Math.min(this.silentSince, now);
      this.pingedAt = Math.min(this.pingedAt, now);
      const silence = now - this.silentSince;
      if (silence >= DEAD_AFTER) return this.lose();
      if (silence >= STALE_AFTER && this.status === "live") this.tell("stale");
      if (now - this.pingedAt >= PING_EVERY) this.ping();
      this.tick();
    });
  }

  private ping(): void {
    this.pingedAt = this.around.now();
    try {
      this.wire?.send(JSON.stringify({ type: "ping", id: `p${this.nextId++}` }));
    } catch {
      // A wire that is not open yet refuses; the silence it leaves is what counts.
    }
  }

  private receive(data: unknown): void {
    const message = parse(data);
    if (message === null) return;
    this.heardAt = this.silentSince = this.around.now();
    this.failures = this.silent = 0;
    if (this.status !== "live") this.tell("live");
    this.answerIfReply(message);
    this.listener.message(message);
  }

  /** Open the line anew at once, to have again what is missing after the last message taken. */
  resumeNow(): void {
    this.drop();
    this.connect();
  }

  /** Remember how far the state has got; the next attempt resumes after it. */
  resumeAfter(seq: number | null): void {
    this.lastSeq = seq;
  }

  private answerIfReply(message: ServerMessage): void {
    if (message.type === "ok") this.settle(message.id, null);
    if (message.type === "error" && message.id !== null) this.settle(message.id, new Refusal(message.error));
  }

  private settle(id: string, error: Error | null): void {
    const waiting = this.waiting.get(id);
    if (waiting === undefined) return;
    this.waiting.delete(id);
    if (error === null) waiting.done();
    else waiting.fail(error);
  }

  private async closed(wire: Wire, event: { code: number; reason: string }, opened: boolean): Promise<void> {
    if (wire !== this.wire) return;
    this.drop();
    if (event.code === CLOSE_SIGNED_OUT) return this.tell("signed_out");
    if (CLOSE_REFUSED.has(event.code)) return this.tell("refused", null, event.reason);
    this.retryLater();
    if (!opened && !(await this.around.signedIn()) && this.wire === null) {
      this.cancelRetry?.();
      this.tell("signed_out");
    }
  }

  private lose(): void {
    this.drop();
    this.retryLater();
  }

  private retryLater(): void {
    const longest = BACK_OFF[Math.min(this.failures, BACK_OFF.length - 1)] ?? 0;
    this.failures += 1;
    // Half to full: after an outage three hundred desktops must not come back in one instant.
    const delay = Math.round(longest * (0.5 + this.around.random() / 2));
    this.cancelRetry?.();
    this.cancelRetry = this.around.after(delay, () => this.connect());
    this.tell("lost", this.around.now() + delay);
  }

  private drop(): void {
    const wire = this.wire;
    this.wire = null;
    this.cancelTick?.();
    this.cancelTick = null;
    this.cancelPatience?.();
    this.cancelPatience = null;
    if (wire !== null) {
      wire.onopen = wire.onmessage = wire.onclose = null;
      wire.close();
    }
    for (const id of [...this.waiting.keys()]) this.settle(id, new NoAnswer("the connection was lost"));
  }

  private tell(status: LinkStatus, retryAt: number | null = null, reason: string | null = null): void {
    this.status = status;
    this.listener.status(status, { retryAt, reason });
  }
}

function parse(data: unknown): ServerMessage | null {
  if (typeof data !== "string") return null;
  try {
    const message: unknown = JSON.parse(data);
    return isMessage(message) ? message : null;
  } catch {
    return null;
  }
}

function isMessage(value: unknown): value is ServerMessage {
  if (typeof value !== "object" || value === null) return false;
  const { type, seq } = value as { type?: unknown; seq?: unknown };
  return typeof type === "string" && typeof seq === "number";
}

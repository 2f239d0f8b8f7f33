/**
 * The SIP line of this page: it registers as the seat's phone and has at most one call, the newest.
 *
 * Who ends a talk is the server's business (`hangup`), so nothing here says goodbye: a page that goes away leaves its
 * call to the PBX, which keeps the caller with music until a page is back.
 */
import { UA } from "jssip";
import type { RTCSession } from "jssip/lib/RTCSession";
import type { IncomingRTCSessionEvent, RTCSessionEvent } from "jssip/lib/UA";
import { judge } from "../api/retry";
import { LineSocket } from "./wire";

export interface Account {
  address: string;
  username: string;
  realm: string;
  secret: string;
}

export interface Hears {
  /** Calls can be offered to this page now, or no longer. */
  registered(on: boolean): void;
  /** A call rings; `atOnce`: it is one that was here before and is taken back without asking. */
  offered(atOnce: boolean): void;
  /** The call on this page has its sound, or is over. */
  joined(sound: MediaStream): void;
  over(): void;
}

export interface Packets {
  sent: number;
  received: number;
}

/** A call to the echo of the telephone system, by which this page tests itself. */
export interface Echo {
  packets(): Promise<Packets>;
  over(): boolean;
  end(): void;
}

/** Seconds until a new attempt after a connection that was refused or broke; JsSIP doubles from the first to the last. */
const RECOVER_FIRST = 1;
const RECOVER_LAST = 2;
/** How often it is looked whether the PBX is heard, ms. */
const LOOK_EVERY = 300;
/** The PBX asks its phones for a sign of life every 2 s; one that was heard within this needs no question of ours, ms. */
const HEARD_JUST_NOW = 2_500;
const DEAD_CODE = 4000;
const REGISTER_EVERY = 120;

export class Line {
  private readonly ua: UA;
  private readonly socket: LineSocket;
  private session: RTCSession | null = null;
  private echoing: RTCSession | null = null;
  private looks = 0;
  /** When the PBX was last asked for a sign of life, ms. */
  private askedAt = 0;

  constructor(
    account: Account,
    private readonly hears: Hears,
  ) {
    this.socket = new LineSocket(account.address, () => hears.registered(false));
    this.ua = new UA({
      sockets: [this.socket],
      uri: `sip:${account.username}@hotline`,
      authorization_user: account.username,
      realm: account.realm,
      ha1: account.secret,
      register: true,
      register_expires: REGISTER_EVERY,
      connection_recovery_min_interval: RECOVER_FIRST,
      connection_recovery_max_interval: RECOVER_LAST,
      user_agent: "Hotline desktop",
    });
    this.ua.on("registered", () => hears.registered(true));
    this.ua.on("unregistered", () => hears.registered(false));
    this.ua.on("registrationFailed", () => hears.registered(false));
    this.ua.on("disconnected", () => hears.registered(false));
    this.ua.on("newRTCSession", (event: RTCSessionEvent) => this.comes(event as IncomingRTCSessionEvent));
  }

  start(): void {
    this.ua.start();
    this.looks = window.setInterval(() => this.look(), LOOK_EVERY);
  }

  /** Leave the PBX. A call that is here goes on at the server, without this page. */
  stop(): void {
    window.clearInterval(this.looks);
    this.ua.stop();
  }

  get busy(): boolean {
    return this.session !== null;
  }

  /** Take the call that rings. */
  answer(microphone: MediaStream): void {
    this.session?.answer({ mediaStream: microphone, pcConfig: { iceServers: [] } });
  }

  /** Call the echo, sending `sound`; what comes back goes to `hear`. A caller who rings meanwhile ends it. */
  echo(sound: MediaStream, hear: (stream: MediaStream) => void): Echo {
    const session = this.ua.call(`sip:${ECHO}@hotline`, { mediaStream: sound, pcConfig: { iceServers: [] } });
    let over = false;
    this.echoing = session;
    session.connection?.addEventListener("track", (event) => hear(event.streams[0] ?? new MediaStream([event.track])));
    session.on("ended", () => (over = true));
    session.on("failed", () => (over = true));
    return {
      packets: () => counted(session),
      over: () => over,
      end: () => {
        if (this.echoing === session) this.echoing = null;
        if (!session.isEnded()) session.terminate();
      },
    };
  }

  /** How much sound the call that is here has sent and received. */
  async packets(): Promise<Packets> {
    return counted(this.session);
  }

  /** The network or the service is back: a line that may be dead is asked, one that tries begins anew. */
  wake(): void {
    if (!this.ua.isConnected()) return this.socket.hurry();
    if (Date.now() - this.socket.heardAt > HEARD_JUST_NOW && this.askedAt < this.socket.heardAt) this.ask();
  }

  /** A line on which nothing is heard is asked, and let go when it does not answer. */
  private look(): void {
    if (!this.ua.isConnected()) return;
    const now = Date.now();
    // A clock that was set back must not hide a silence until it has caught up.
    this.socket.heardAt = Math.min(this.socket.heardAt, now);
    this.askedAt = Math.min(this.askedAt, now);
    const found = judge(now, this.socket.heardAt, this.askedAt);
    if (found === "ask") this.ask();
    if (found === "dead") this.drop();
  }

  private ask(): void {
    this.askedAt = Date.now();
    this.ua.register();
  }

  /** Let go of a connection on which nothing comes any more; JsSIP makes a new one. */
  private drop(): void {
    this.socket.disconnect();
    this.socket.ondisconnect(true, DEAD_CODE, "no answer");
  }

  /** Speak through another microphone from now on. */
  async speakThrough(track: MediaStreamTrack): Promise<void> {
    for (const sender of this.session?.connection?.getSenders() ?? []) await sender.replaceTrack(track);
  }

  private comes({ originator, session, request }: IncomingRTCSessionEvent): void {
    if ((originator as string) !== "remote") return;
    // One whose sound was lost is rung anew; the dead one is forgotten, its end may never be told.
    const before = this.session;
    if (this.echoing !== null && !this.echoing.isEnded()) this.echoing.terminate();
    this.echoing = null;
    this.session = session;
    if (before !== null && !before.isEnded()) before.terminate();
    session.on("peerconnection", () => this.listen(session));
    session.on("ended", () => this.ended(session));
    session.on("failed", () => this.ended(session));
    this.hears.offered(request.getHeader("Answer-Mode") === "Auto");
  }

  private listen(session: RTCSession): void {
    session.connection.addEventListener("track", (event) => {
      const sound = event.streams[0] ?? new MediaStream([event.track]);
      if (this.session === session) this.hears.joined(sound);
    });
  }

  private ended(session: RTCSession): void {
    if (this.session !== session) return;
    this.session = null;
    this.hears.over();
  }
}

const ECHO = "echo";

async function counted(session: RTCSession | null): Promise<Packets> {
  const found = { sent: 0, received: 0 };
  const report = (await session?.connection?.getStats()) ?? new Map<string, RtpStats>();
  report.forEach((one: RtpStats) => {
    if (one.type === "outbound-rtp") found.sent += one.packetsSent ?? 0;
    if (one.type === "inbound-rtp") found.received += one.packetsReceived ?? 0;
  });
  return found;
}

interface RtpStats {
  type: string;
  packetsSent?: number;
  packetsReceived?: number;
}

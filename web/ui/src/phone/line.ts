/**
 * The SIP line of this page: it registers as the seat's phone and has at most one call, the newest.
 *
 * Who ends a talk is the server's business (`hangup`), so nothing here says goodbye: a page that goes away leaves its
 * call to the PBX, which keeps the caller with music until a page is back.
 */
import { UA, WebSocketInterface } from "jssip";
import type { RTCSession } from "jssip/lib/RTCSession";
import type { IncomingRTCSessionEvent, RTCSessionEvent } from "jssip/lib/UA";

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

/** Seconds between attempts to reach the PBX again; JsSIP doubles from the first to the last. */
const RECOVER_FIRST = 1;
const RECOVER_LAST = 4;
const REGISTER_EVERY = 120;

export class Line {
  private readonly ua: UA;
  private session: RTCSession | null = null;

  constructor(
    account: Account,
    private readonly hears: Hears,
  ) {
    this.ua = new UA({
      sockets: [new WebSocketInterface(account.address)],
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
  }

  /** Leave the PBX. A call that is here goes on at the server, without this page. */
  stop(): void {
    this.ua.stop();
  }

  get busy(): boolean {
    return this.session !== null;
  }

  /** Take the call that rings. */
  answer(microphone: MediaStream): void {
    this.session?.answer({ mediaStream: microphone, pcConfig: { iceServers: [] } });
  }

  /** Speak through another microphone from now on. */
  async speakThrough(track: MediaStreamTrack): Promise<void> {
    for (const sender of this.session?.connection?.getSenders() ?? []) await sender.replaceTrack(track);
  }

  private comes({ originator, session, request }: IncomingRTCSessionEvent): void {
    if ((originator as string) !== "remote") return;
    // One whose sound was lost is rung anew; the dead one is forgotten, its end may never be told.
    const before = this.session;
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

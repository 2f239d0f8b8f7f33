/** The socket of the SIP line: an attempt that nobody answers is given up for a new one, which JsSIP does not see. */
import type { Socket } from "jssip/lib/Socket";
import { patience, rest } from "../api/retry";

export interface SipWire {
  binaryType: string;
  readyState: number;
  send(text: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { wasClean: boolean; code: number; reason: string }) => void) | null;
}

export interface World {
  open(url: string): SipWire;
  now(): number;
  after(ms: number, run: () => void): () => void;
  random(): number;
}

const CONNECTING = 0;
const OPEN = 1;

const BROWSER: World = {
  open: (url) => new WebSocket(url, "sip") as unknown as SipWire,
  now: () => Date.now(),
  after: (ms, run) => {
    const timer = window.setTimeout(run, ms);
    return () => window.clearTimeout(timer);
  },
  random: () => Math.random(),
};

export class LineSocket implements Socket {
  via_transport: string;
  readonly sip_uri: string;
  /** When the PBX was last heard, ms. */
  heardAt = 0;
  onconnect: () => void = () => undefined;
  ondisconnect: (error: boolean, code?: number, reason?: string) => void = () => undefined;
  ondata: (data: unknown) => void = () => undefined;
  private wire: SipWire | null = null;
  private silent = 0;
  private cancel: (() => void) | null = null;

  /** `unanswered`: an attempt was given up. */
  constructor(
    readonly url: string,
    private readonly unanswered: () => void,
    private readonly world: World = BROWSER,
  ) {
    const { protocol, host } = new URL(url);
    this.via_transport = protocol.slice(0, -1).toUpperCase();
    this.sip_uri = `sip:${host};transport=ws`;
  }

  connect(): void {
    if (this.isConnected() || this.isConnecting()) return;
    this.silent = 0;
    this.attempt();
  }

  disconnect(): void {
    this.cancel?.();
    this.cancel = null;
    const wire = this.wire;
    this.wire = null;
    if (wire === null) return;
    wire.onopen = wire.onmessage = wire.onclose = null;
    wire.close();
  }

  send(message: string | ArrayBufferLike | Blob | ArrayBufferView): boolean {
    if (!this.isConnected() || typeof message !== "string") return false;
    this.wire?.send(message);
    return true;
  }

  isConnected(): boolean {
    return this.wire?.readyState === OPEN;
  }

  /** An attempt is under way, or will be after a short rest. */
  isConnecting(): boolean {
    return this.wire?.readyState === CONNECTING || (this.wire === null && this.cancel !== null);
  }

  /** The network is there again: what waits is given up for an attempt that begins now. */
  hurry(): void {
    if (!this.isConnecting()) return;
    this.disconnect();
    this.attempt();
  }

  private attempt(): void {
    const wire = this.world.open(this.url);
    this.wire = wire;
    wire.binaryType = "arraybuffer";
    this.cancel = this.world.after(patience(this.silent, this.heardAt !== 0), () => this.giveUp());
    wire.onopen = () => {
      this.answered();
      this.onconnect();
    };
    wire.onmessage = ({ data }) => {
      this.heardAt = this.world.now();
      this.ondata(data);
    };
    wire.onclose = ({ wasClean, code, reason }) => {
      this.answered();
      this.wire = null;
      this.ondisconnect(!wasClean, code, reason);
    };
  }

  private answered(): void {
    this.cancel?.();
    this.cancel = null;
    this.heardAt = this.world.now();
  }

  private giveUp(): void {
    this.silent += 1;
    this.disconnect();
    this.cancel = this.world.after(rest(this.world.random()), () => this.attempt());
    this.unanswered();
  }
}

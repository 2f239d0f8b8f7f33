import { beforeEach, describe, expect, it } from "vitest";
import { ANSWER, judge, LONGEST, PATIENCE, patience, QUICK, QUIET, rest, SPREAD } from "../src/api/retry";
import { LineSocket, type SipWire } from "../src/phone/wire";

describe("an attempt", () => {
  it("is given up soon while the network may come back any moment, later in a long silence", () => {
    const waits = Array.from({ length: QUICK + 10 }, (_, silent) => patience(silent, true));
    expect(waits.slice(0, QUICK).every((wait) => wait === PATIENCE)).toBe(true);
    expect(waits[QUICK]).toBeGreaterThan(PATIENCE);
    expect(waits.at(-1)).toBe(LONGEST);
  });
  it("is waited for longer at a server that was never heard", () => {
    expect(patience(0, false)).toBe(LONGEST);
  });
  it("comes from many pages at different times", () => {
    expect([rest(0), rest(0.5), rest(1)]).toEqual([0, SPREAD / 2, SPREAD]);
  });
});

describe("a line", () => {
  it.each<[number, number, number, string]>([
    [QUIET - 1, 0, -1, "well"],
    [QUIET, 0, -1, "ask"],
    [QUIET + ANSWER - 1, 0, QUIET, "well"],
    [QUIET + ANSWER, 0, QUIET, "dead"],
    [QUIET + ANSWER, QUIET + 1, QUIET, "well"],
  ])("at %i ms, heard at %i and asked at %i: %s", (now, heardAt, askedAt, found) => {
    expect(judge(now, heardAt, askedAt)).toBe(found);
  });
});

class FakeWire implements SipWire {
  binaryType = "";
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { wasClean: boolean; code: number; reason: string }) => void) | null = null;
  sent: string[] = [];

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.readyState = 3;
  }

  opens(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  breaks(): void {
    this.readyState = 3;
    this.onclose?.({ wasClean: false, code: 1006, reason: "" });
  }
}

describe("the socket of the SIP line", () => {
  let time: number;
  let timers: { at: number; run: () => void }[];
  let wires: FakeWire[];
  let told: string[];
  let socket: LineSocket;
  const last = (): FakeWire => wires.at(-1) ?? new FakeWire();

  function advance(ms: number): void {
    const end = time + ms;
    for (;;) {
      const next = timers.filter((one) => one.at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      timers = timers.filter((one) => one !== next);
      time = next.at;
      next.run();
    }
    time = end;
  }

  beforeEach(() => {
    time = 1_000;
    timers = [];
    wires = [];
    told = [];
    const open = (): FakeWire => {
      wires.push(new FakeWire());
      return last();
    };
    const after = (ms: number, run: () => void): (() => void) => {
      const timer = { at: time + ms, run };
      timers.push(timer);
      return () => (timers = timers.filter((one) => one !== timer));
    };
    const world = { open, after, now: () => time, random: () => 1 };
    socket = new LineSocket("wss://desk.example:8089/ws", () => told.push("unanswered"), world);
    socket.onconnect = () => told.push("connected");
    socket.ondisconnect = (_, code) => told.push(`broken ${code}`);
    socket.ondata = (data) => told.push(String(data));
  });

  /** It was connected once, broke, and JsSIP asks for it again. */
  function lost(): void {
    socket.connect();
    last().opens();
    last().breaks();
    socket.connect();
    told = [];
  }

  it("is named as RFC 7118 wants it", () => {
    expect([socket.via_transport, socket.sip_uri]).toEqual(["WSS", "sip:desk.example:8089;transport=ws"]);
  });

  it("begins anew while nobody answers, and JsSIP sees one connection", () => {
    lost();
    advance(10_000);
    expect(wires.length - 1).toBe(1 + Math.floor(10_000 / (PATIENCE + SPREAD)));
    expect(wires.slice(0, -1).every((wire) => wire.readyState === 3)).toBe(true);
    expect(socket.isConnecting()).toBe(true);
    last().opens();
    advance(60_000);
    expect(told.filter((one) => one !== "unanswered")).toEqual(["connected"]);
    expect(socket.isConnected()).toBe(true);
  });

  it("is one still trying between two attempts", () => {
    lost();
    advance(PATIENCE);
    expect([socket.isConnecting(), socket.isConnected()]).toEqual([true, false]);
    const before = wires.length;
    socket.connect();
    expect(wires).toHaveLength(before);
  });

  it("begins anew at once when told that the network is back", () => {
    lost();
    advance(PATIENCE / 2);
    const before = last();
    socket.hurry();
    expect([before.readyState, wires.length]).toEqual([3, 3]);
    last().opens();
    socket.hurry();
    expect(wires).toHaveLength(3);
  });

  it("tells JsSIP of what is refused or breaks, which waits before the next attempt", () => {
    socket.connect();
    last().breaks();
    advance(60_000);
    expect([told, wires.length]).toEqual([["broken 1006"], 1]);
    expect([socket.isConnecting(), socket.isConnected()]).toEqual([false, false]);
  });

  it("knows when it was heard, and sends only while it is open", () => {
    socket.connect();
    expect(socket.send("early")).toBe(false);
    last().opens();
    time += 500;
    last().onmessage?.({ data: "OPTIONS" });
    expect([socket.heardAt, socket.send("200")]).toEqual([1_500, true]);
    expect([told, last().sent]).toEqual([["connected", "OPTIONS"], ["200"]]);
  });

  it("stays closed once it was let go", () => {
    lost();
    advance(PATIENCE);
    socket.disconnect();
    advance(60_000);
    expect([wires.length, socket.isConnecting()]).toEqual([2, false]);
  });
});

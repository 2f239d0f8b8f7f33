import { beforeEach, describe, expect, test } from "vitest";
import { PATIENCE, SPREAD } from "../src/api/retry";
import type { ServerMessage } from "../src/api/types";
import {
  ANSWER_WITHIN,
  Connection,
  DEAD_AFTER,
  NoAnswer,
  PING_EVERY,
  Refusal,
  STALE_AFTER,
  type LinkStatus,
  type Wire,
} from "../src/desktop/connection";
import { AT, hello } from "./messages";

/** A clock that a test moves, with the timers that hang on it. */
class World {
  time = 1_000_000;
  timers: { at: number; run: () => void }[] = [];
  wires: FakeWire[] = [];
  statuses: LinkStatus[] = [];
  messages: ServerMessage[] = [];
  isSignedIn = true;
  retryAt: number | null = null;

  make(seat: string | null = null): Connection {
    return new Connection(
      {
        open: (path) => {
          const wire = new FakeWire(path);
          this.wires.push(wire);
          return wire;
        },
        now: () => this.time,
        after: (ms, run) => {
          const timer = { at: this.time + ms, run };
          this.timers.push(timer);
          return () => (this.timers = this.timers.filter((one) => one !== timer));
        },
        random: () => 1,
        signedIn: () => Promise.resolve(this.isSignedIn),
      },
      {
        message: (message) => this.messages.push(message),
        status: (status, detail) => {
          this.statuses.push(status);
          this.retryAt = detail.retryAt;
        },
      },
      seat,
    );
  }

  advance(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const next = this.timers.filter((one) => one.at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.timers = this.timers.filter((one) => one !== next);
      this.time = next.at;
      next.run();
    }
    this.time = end;
  }

  /** Somebody puts the clock of the machine back; timers run on. */
  setBack(ms: number): void {
    this.time -= ms;
    for (const timer of this.timers) timer.at -= ms;
  }

  get wire(): FakeWire {
    const wire = this.wires.at(-1);
    if (wire === undefined) throw new Error("nothing opened");
    return wire;
  }

  get status(): LinkStatus | undefined {
    return this.statuses.at(-1);
  }
}

class FakeWire implements Wire {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  sent: { type: string; id: string }[] = [];
  closed = false;

  constructor(readonly path: string) {}

  send(text: string): void {
    this.sent.push(JSON.parse(text) as { type: string; id: string });
  }

  close(): void {
    this.closed = true;
  }

  say(message: unknown): void {
    this.onmessage?.({ data: typeof message === "string" ? message : JSON.stringify(message) });
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

let world: World;
let link: Connection;
beforeEach(() => {
  world = new World();
  link = world.make("seat1001");
  link.start();
});

function greet(seq = 10): void {
  world.wire.onopen?.();
  world.wire.say(hello(seq));
  link.resumeAfter(seq);
}

describe("the line", () => {
  test("asks for the seat, and after a break for what came after the last message", () => {
    expect(world.wire.path).toBe("api/v1/desktop?seat=seat1001");
    greet(10);
    world.wire.onclose?.({ code: 1006, reason: "" });
    world.advance(500);
    expect(world.wire.path).toBe("api/v1/desktop?since=10&seat=seat1001");
  });

  test("backs off longer with every failure and says when it tries again", () => {
    greet();
    const waits: number[] = [];
    for (let i = 0; i < 7; i++) {
      world.wire.onclose?.({ code: 1006, reason: "" });
      waits.push((world.retryAt ?? 0) - world.time);
      world.advance((world.retryAt ?? 0) - world.time);
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15000, 15000]);
  });

  test("starts from the short wait again once it was heard", () => {
    greet();
    world.wire.onclose?.({ code: 1006, reason: "" });
    world.advance(500);
    world.wire.onclose?.({ code: 1006, reason: "" });
    world.advance(1000);
    greet(11);
    world.wire.onclose?.({ code: 1006, reason: "" });
    expect((world.retryAt ?? 0) - world.time).toBe(500);
  });

  test("that is silent becomes stale, then is given up and opened anew", () => {
    greet();
    world.advance(STALE_AFTER - 1000);
    expect(world.status).toBe("live");
    world.advance(1000);
    expect(world.status).toBe("stale");
    const first = world.wire;
    world.advance(DEAD_AFTER - STALE_AFTER);
    expect(world.status).toBe("lost");
    expect(first.closed).toBe(true);
    world.advance(500);
    expect(world.wires).toHaveLength(2);
  });

  test("that is heard again after silence is live again", () => {
    greet();
    world.advance(STALE_AFTER);
    world.wire.say({ type: "pong", seq: 10, at: AT });
    expect(world.status).toBe("live");
  });

  test("is pinged so that silence means trouble", () => {
    greet();
    const before = world.wire.sent.length;
    world.advance(PING_EVERY);
    expect(world.wire.sent.slice(before).map((one) => one.type)).toEqual(["ping"]);
  });

  test("is pinged, and its silence seen, though the clock was set back by an hour", () => {
    greet();
    world.setBack(3_600_000);
    const before = world.wire.sent.length;
    world.advance(PING_EVERY + 1000);
    expect(world.wire.sent.length).toBeGreaterThan(before);
    world.advance(STALE_AFTER);
    expect(world.status).toBe("stale");
    world.advance(DEAD_AFTER - STALE_AFTER);
    expect(world.status).toBe("lost");
  });

  test("ignores what is no message", () => {
    greet();
    world.wire.say("not json");
    world.wire.say({ type: "notice" });
    world.wire.onmessage?.({ data: new ArrayBuffer(3) });
    expect(world.messages).toHaveLength(1);
  });

  test("tries at once when told that the network is back", () => {
    greet();
    world.wire.onclose?.({ code: 1006, reason: "" });
    link.retryNow();
    expect(world.wires).toHaveLength(2);
    world.advance(60_000 - 1);
    expect(world.wires.length).toBeGreaterThanOrEqual(2);
  });

  test("that nobody answers after a break is begun anew soon, and never two at once", () => {
    greet();
    world.advance(DEAD_AFTER + 500);
    const before = world.wires.length;
    world.advance(10 * (PATIENCE + SPREAD));
    expect(world.wires).toHaveLength(before + 10);
    expect(world.wires.slice(0, -1).every((wire) => wire.closed)).toBe(true);
    greet(11);
    world.advance(STALE_AFTER - 1000);
    expect(world.wires).toHaveLength(before + 10);
  });

  test("leaves no attempt behind when told that the network is back", () => {
    greet();
    world.wire.onclose?.({ code: 1006, reason: "" });
    world.advance(500);
    const waiting = world.wire;
    link.retryNow();
    expect(waiting.closed).toBe(true);
  });

  test("stays closed after stop", () => {
    greet();
    link.stop();
    world.advance(60_000);
    expect(world.wires).toHaveLength(1);
  });
});

describe("a server that will not talk", () => {
  test("a session that has ended is not tried again", () => {
    greet();
    world.wire.onclose?.({ code: 4401, reason: "" });
    world.advance(60_000);
    expect(world.status).toBe("signed_out");
    expect(world.wires).toHaveLength(1);
  });

  test("a seat that is taken is not tried again", () => {
    world.wire.onopen?.();
    world.wire.onclose?.({ code: 4409, reason: "taken" });
    expect(world.status).toBe("refused");
  });

  test("a failed opening is taken as signed out only when the session is gone", async () => {
    world.isSignedIn = false;
    world.wire.onclose?.({ code: 1006, reason: "" });
    await settled();
    expect(world.status).toBe("signed_out");
    world.advance(60_000);
    expect(world.wires).toHaveLength(1);
  });

  test("a failed opening with a session is tried again", async () => {
    world.wire.onclose?.({ code: 1006, reason: "" });
    await settled();
    expect(world.status).toBe("lost");
    world.advance(500);
    expect(world.wires).toHaveLength(2);
  });
});

describe("a command", () => {
  beforeEach(() => greet());
  const hold = { type: "hold", call_id: "c1" } as const;
  const lastId = (): string => world.wire.sent.at(-1)?.id ?? "";

  test("is done when the server says ok to its id", async () => {
    const done = link.send(hold);
    world.wire.say({ type: "ok", seq: 10, at: AT, id: lastId() });
    await expect(done).resolves.toBeUndefined();
  });

  test("fails with the server's words", async () => {
    const done = link.send(hold);
    world.wire.say({ type: "error", seq: 10, at: AT, id: lastId(), error: { code: "illegal_state", message: "no" } });
    await expect(done).rejects.toBeInstanceOf(Refusal);
  });

  test("without an answer is reported as unknown", async () => {
    const done = link.send(hold);
    const seen = expect(done).rejects.toBeInstanceOf(NoAnswer);
    world.advance(ANSWER_WITHIN);
    await seen;
  });

  test("under way when the line breaks is reported as unknown, and not sent again", async () => {
    const done = link.send(hold);
    const seen = expect(done).rejects.toBeInstanceOf(NoAnswer);
    world.wire.onclose?.({ code: 1006, reason: "" });
    await seen;
    world.advance(500);
    world.wire.onopen?.();
    expect(world.wire.sent.map((one) => one.type)).toEqual(["ping"]);
  });

  test("is refused at once while the line is down", async () => {
    world.wire.onclose?.({ code: 1006, reason: "" });
    await expect(link.send(hold)).rejects.toBeInstanceOf(NoAnswer);
  });
});

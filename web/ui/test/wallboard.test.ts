import { describe, expect, test } from "vitest";
import { ApiError } from "../src/api/http";
import type { Alarm, Board, DayHalf, QueueNow } from "../src/api/wallboard";
import { Feed, type Shown } from "../src/wallboard/feed";
import { byGravity, byNeed, countOf, curve, print, share, soFar, stateOf } from "../src/wallboard/figures";
import { fitting, pageOf } from "../src/wallboard/turning";

const BOARD = { as_of: "2026-11-23T08:00:00Z" } as Board;

function feed(answers: (Board | Error | Promise<Board>)[]) {
  const shown: Shown[] = [];
  const clock = { now: 0, hidden: false, reads: 0 };
  const made = new Feed(
    {
      read: () => {
        clock.reads += 1;
        const next = answers.shift() ?? BOARD;
        return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
      },
      now: () => clock.now,
      hidden: () => clock.hidden,
    },
    (one) => shown.push(one),
  );
  return { made, shown, clock };
}

describe("the feed", () => {
  test("shows what it has read, and after a silence since when it is old", async () => {
    const down = new ApiError(0, { code: "unreachable", message: "" });
    const { made, shown, clock } = feed([BOARD, down, down, BOARD]);
    await made.tick();
    expect(shown.at(-1)).toEqual({ board: BOARD, staleFor: 0, problem: "" });
    clock.now = 4_000;
    await made.tick();
    expect(shown.at(-1)).toEqual({ board: BOARD, staleFor: 0, problem: "unreachable" });
    clock.now = 7_900;
    await made.tick();
    expect(shown.at(-1)).toEqual({ board: BOARD, staleFor: 7, problem: "unreachable" });
    await made.tick();
    expect(shown.at(-1)).toEqual({ board: BOARD, staleFor: 0, problem: "" });
  });

  test("is old though the clock was set back", async () => {
    const down = new ApiError(0, { code: "unreachable", message: "" });
    const { made, shown, clock } = feed([BOARD, down, down]);
    clock.now = 3_600_000;
    await made.tick();
    clock.now = 1_000;
    await made.tick();
    clock.now = 8_000;
    await made.tick();
    expect(shown.at(-1)?.staleFor).toBe(7);
  });

  test("asks once while an answer is under way, and says that the wait is long", async () => {
    let give: (board: Board) => void = () => undefined;
    const { made, shown, clock } = feed([new Promise((resolve) => (give = resolve))]);
    const first = made.tick();
    clock.now = 6_000;
    await made.tick();
    expect(clock.reads).toBe(1);
    expect(shown).toEqual([{ board: null, staleFor: 6, problem: "" }]);
    give(BOARD);
    await first;
    expect(shown.at(-1)?.staleFor).toBe(0);
  });

  test("does not ask while nobody can see it", async () => {
    const { made, clock } = feed([]);
    clock.hidden = true;
    await made.tick();
    expect(clock.reads).toBe(0);
  });
});

describe("pages that turn", () => {
  test("are one where all fits", () => {
    expect(pageOf([1, 2, 3], 3, 7)).toEqual({ shown: [1, 2, 3], page: 0, pages: 1 });
    expect(pageOf([], 5, 1)).toEqual({ shown: [], page: 0, pages: 1 });
  });

  test("show everything once a round, what matters on each", () => {
    const items = Array.from({ length: 41 }, (_, at) => at);
    const rounds = Array.from({ length: 13 }, (_, turn) => pageOf(items, 6, turn, (one) => one < 2));
    expect(rounds.every((one) => one.shown.length <= 6 && one.shown[0] === 0 && one.shown[1] === 1)).toBe(true);
    expect(rounds[0]?.pages).toBe(10);
    expect(new Set(rounds.slice(0, 10).flatMap((one) => one.shown)).size).toBe(41);
    expect(rounds[10]).toEqual(rounds[0]);
  });

  test("turn also when all matters or one fits", () => {
    expect(pageOf([1, 2, 3, 4], 2, 1, () => true).shown).toEqual([1, 3]);
    expect(pageOf([1, 2, 3], 1, 4).shown).toEqual([2]);
    expect([fitting(100, 20, 5), fitting(10, 20, 0)]).toEqual([4, 1]);
  });
});

describe("what stands on the wall", () => {
  const queue = (id: string, waiting: number, longest: number): QueueNow => ({ id, waiting, longest_wait_s: longest }) as QueueNow;
  const half = (begins: string, expected: number | null, asked: number): DayHalf => ({
    begins, expected, asked, offered: asked, answered: asked, abandoned: 0,
  });

  test("who waits longest comes first, the others as they are", () => {
    const order = byNeed([queue("a", 0, 0), queue("b", 1, 5), queue("c", 2, 50), queue("d", 0, 0)]);
    expect(order.map((one) => one.id)).toEqual(["c", "b", "a", "d"]);
  });

  test("alarms by gravity, also those of a newer server", () => {
    const alarm = (level: string): Alarm => ({ level }) as Alarm;
    expect(byGravity([alarm("info"), alarm("new"), alarm("error")]).map((one) => one.level)).toEqual(["error", "new", "info"]);
  });

  test("reserved is ringing; who is signed off is nowhere", () => {
    expect([stateOf("reserved"), stateOf("logged_out")]).toEqual(["ringing", null]);
    expect(countOf({ reserved: 1, ringing: 2, talking: 4 }, "ringing")).toBe(3);
  });

  test("shares stand under each other with one digit after the point", () => {
    expect([share(91.62), share(88), share(100), share(null)]).toEqual(["91.6", "88.0", "100", "–"]);
  });

  test("a half hour that has not begun is empty, not nobody", () => {
    const day = [half("2026-11-23T00:00:00+08:00", 3, 2), half("2026-11-23T00:30:00+08:00", 4.4, 5), half("2026-11-23T01:00:00+08:00", null, 0)];
    const one = curve(day, "2026-11-22T16:40:00Z");
    expect(one.asked).toEqual([2, 5, null]);
    expect(soFar(one)).toEqual({ asked: 7, expected: 7 });
    expect(one.foretold).toBe(true);
    expect(curve([half("2026-11-23T00:00:00+08:00", null, 0)], "2026-11-22T16:40:00Z").foretold).toBe(false);
    expect(print(one)).toBe(print(curve(day, "2026-11-22T16:50:00Z")));
  });
});

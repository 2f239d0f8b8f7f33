import { describe, expect, test } from "vitest";
import en from "../src/i18n/en";
import adminEn from "../src/i18n/admin.en";
import adminZh from "../src/i18n/admin.zh-CN";
import announceEn from "../src/i18n/announce.en";
import announceZh from "../src/i18n/announce.zh-CN";
import billEn from "../src/i18n/bill.en";
import billZh from "../src/i18n/bill.zh-CN";
import boardEn from "../src/i18n/board.en";
import boardZh from "../src/i18n/board.zh-CN";
import flowEn from "../src/i18n/flows.en";
import flowZh from "../src/i18n/flows.zh-CN";
import floorEn from "../src/i18n/supervision.en";
import floorZh from "../src/i18n/supervision.zh-CN";
import zh from "../src/i18n/zh-CN";
import { clock, dayAndTime, duration, instantAt, secondsBetween, siteDay, wallTime, zoneName } from "../src/desktop/time";
import { grouped, isPositive, money, quantity } from "../src/desktop/words";

test.each([
  ["156.41", "156.41"],
  ["100", "100.00"],
  ["12345678.9", "12,345,678.90"],
  [0.1 + 0.2, "0.30"],
  ["-3.5", "-3.50"],
  [null, ""],
  ["n/a", "n/a"],
])("money %s is written %s", (value, written) => expect(money(value)).toBe(written));

test.each([
  ["13800000002", "138 0000 0002"],
  ["138****0002", "138****0002"],
  ["3200000001", "3200 0000 01"],
  ["02512345678", "02512345678"],
  ["95598", "95598"],
  ["anonymous", ""],
  [null, ""],
])("number %s is written %s", (value, written) => expect(grouped(value)).toBe(written));

test.each([
  ["286.00", "286"],
  ["286.50", "286.5"],
  [1200, "1,200"],
  ["23456789.10", "23,456,789.1"],
])("quantity %s is written %s", (value, written) => expect(quantity(value)).toBe(written));

test("an amount is positive only above nothing", () => {
  expect([null, "", "0.00", "0.01"].map((one) => isPositive(one))).toEqual([false, false, false, true]);
});

describe("time", () => {
  const when = { locale: "zh-CN", zone: "Asia/Shanghai" };

  test("is the site's, not the browser's", () => {
    expect(clock("2026-11-22T16:05:09+00:00", when)).toBe("00:05:09");
    expect(dayAndTime("2026-11-22T16:05:09+00:00", when, Date.parse("2026-11-23T00:00:00Z"))).toBe("11-23 00:05");
  });

  test("changes its day at the site's midnight", () => {
    expect(siteDay(Date.parse("2026-11-22T15:59:59Z"), when)).toBe("2026-11-22");
    expect(siteDay(Date.parse("2026-11-22T16:00:00Z"), when)).toBe("2026-11-23");
  });

  test("shows the year when it is another", () => {
    expect(dayAndTime("2025-12-31T15:59:00+00:00", when, Date.parse("2026-11-23T00:00:00Z"))).toBe("2025-12-31 23:59");
  });

  test("of the site's clock is an instant", () => {
    expect(new Date(instantAt("2026-11-23T08:30", "Asia/Shanghai")).toISOString()).toBe("2026-11-23T00:30:00.000Z");
    expect(new Date(instantAt("2026-07-01T12:00", "America/New_York")).toISOString()).toBe("2026-07-01T16:00:00.000Z");
    expect(instantAt("", "Asia/Shanghai")).toBeNaN();
    expect(wallTime("2026-11-23T00:30:00Z", when)).toBe("2026-11-23T08:30");
    expect(zoneName({ ...when, locale: "en" })).toBe("China Standard Time");
  });

  test("that is missing or unreadable is nothing", () => {
    expect([clock(null, when), clock("soon", when), dayAndTime(undefined, when, 0)]).toEqual(["", "", ""]);
  });

  test.each([
    [0, "0:00"],
    [67.9, "1:07"],
    [3725, "1:02:05"],
    [-4, "0:00"],
    [Number.NaN, "0:00"],
  ])("%s s is written %s", (seconds, written) => expect(duration(seconds)).toBe(written));

  test("counts on while it has no end", () => {
    expect(secondsBetween("2026-11-22T08:00:00Z", null, Date.parse("2026-11-22T08:01:00Z"))).toBe(60);
  });
});

function leaves(words: object, path = ""): [string, string][] {
  return Object.entries(words).flatMap(([key, value]) =>
    typeof value === "string" ? [[`${path}${key}`, value] as [string, string]] : leaves(value as object, `${path}${key}.`),
  );
}

const holes = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((hole) => hole[1] ?? "").sort();

test.each([
  ["of the desktop", zh, en],
  ["of the flow editor", flowZh, flowEn],
  ["of the supervisor's page", floorZh, floorEn],
  ["of the wallboard", boardZh, boardEn],
  ["of announcements", announceZh, announceEn],
  ["of administration", adminZh, adminEn],
  ["of a bill", billZh, billEn],
])("both languages have the same words %s with the same holes", (_, chinese, other) => {
  const english = new Map(leaves(other));
  for (const [key, text] of leaves(chinese)) {
    expect(english.has(key), key).toBe(true);
    expect(holes(english.get(key) ?? ""), key).toEqual(holes(text));
  }
});

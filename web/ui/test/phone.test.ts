import { describe, expect, it } from "vitest";
import en from "../src/i18n/keys.en";
import zh from "../src/i18n/keys.zh-CN";
import { KEYS } from "../src/desktop/shortcuts";
import { enough, type Measured } from "../src/phone/check";
import { effective, ofKind } from "../src/phone/devices";
import { keptPhone, USUAL } from "../src/phone/kept";
import { rmsDb, share, SILENCE_DB } from "../src/phone/meter";

describe("levels", () => {
  it("are those of a sine", () => {
    const sine = Float32Array.from({ length: 4800 }, (_, n) => 0.1 * Math.sin(n / 8));
    expect(rmsDb(sine)).toBeCloseTo(-23, 0);
  });
  it("end at silence", () => {
    expect(rmsDb(new Float32Array(8))).toBe(SILENCE_DB);
    expect(rmsDb([])).toBe(SILENCE_DB);
    expect(share(SILENCE_DB)).toBe(0);
    expect(share(0)).toBe(1);
  });
});

describe("what the server needs of a test", () => {
  const needs = { packets: 25, tone_db: -45, voice_db: -50 };
  const good: Measured = { how: "echo", sent: 25, received: 25, tone_db: -45, voice_db: -20 };
  it.each<[Partial<Measured>, boolean]>([
    [{}, true],
    [{ sent: 24 }, false],
    [{ received: 24 }, false],
    [{ tone_db: -46 }, false],
    [{ tone_db: null }, false],
    [{ how: "talk", tone_db: null }, true],
    [{ how: "talk", tone_db: null, received: 0 }, false],
  ])("%o: %s", (change, done) => {
    expect(enough({ ...good, ...change }, needs)).toBe(done);
  });
});

describe("devices", () => {
  const all = [
    { deviceId: "default", kind: "audiooutput" as const, label: "Default" },
    { deviceId: "h", kind: "audiooutput" as const, label: "Headset" },
    { deviceId: "h", kind: "audioinput" as const, label: "Headset" },
    { deviceId: "", kind: "audioinput" as const, label: "" },
  ];
  it("are listed once each, without the browser's own names for the default", () => {
    expect(ofKind(all, "audiooutput")).toEqual([{ id: "h", label: "Headset" }]);
    expect(ofKind(all, "audioinput")).toEqual([{ id: "h", label: "Headset" }]);
  });
  it("fall back to the machine's own while the chosen one is unplugged", () => {
    const there = ofKind(all, "audiooutput");
    expect(effective("h", there)).toBe("h");
    expect(effective("gone", there)).toBeNull();
    expect(effective(null, there)).toBeNull();
  });
});

describe("what is kept in the browser", () => {
  it("is filled up with what is usual, and may be damaged", () => {
    expect(keptPhone({ getItem: () => '{"volume":0.5}' })).toEqual({ ...USUAL, volume: 0.5 });
    for (const bad of [null, "{", "null", "7"]) expect(keptPhone({ getItem: () => bad })).toEqual(USUAL);
  });
});

describe("the sheet of keys", () => {
  it("names every key in both languages, and no letter serves two", () => {
    expect(Object.keys(en.does).sort()).toEqual(Object.keys(KEYS).sort());
    expect(Object.keys(zh.does).sort()).toEqual(Object.keys(KEYS).sort());
    expect(new Set(Object.values(KEYS)).size).toBe(Object.keys(KEYS).length);
  });
});

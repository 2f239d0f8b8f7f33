import { beforeEach, expect, test } from "vitest";
import { drafts, forgetDraft, keepDraft, keptDraft, workOf } from "../src/desktop/kept";

const store = new Map<string, string>();
Object.assign(globalThis, {
  sessionStorage: {
    getItem: (key: string) => store.get(key) ?? null,
    setItem: (key: string, value: string) => void store.set(key, value),
    removeItem: (key: string) => void store.delete(key),
    key: (place: number) => [...store.keys()][place] ?? null,
    get length() {
      return store.size;
    },
  },
});
beforeEach(() => store.clear());

test("what was typed about one call outlives what is typed about the next", () => {
  keepDraft({ callId: "c1", note: "一", code: null, caller: "138" });
  keepDraft({ callId: "c2", note: "", code: "fault" });
  keepDraft({ callId: "c1", note: "一二", code: null, caller: "138" });
  expect(keptDraft("c1").note).toBe("一二");
  expect(keptDraft("c2").code).toBe("fault");
  expect(drafts().map((one) => one.callId)).toEqual(["c2", "c1"]);
  forgetDraft("c1");
  expect(keptDraft("c1")).toEqual({ callId: "c1", note: "", code: null });
});

test("an empty draft is none, and of very many the oldest go", () => {
  keepDraft({ callId: "c1", note: "  ", code: null });
  expect(drafts()).toEqual([]);
  for (let n = 0; n < 25; n++) keepDraft({ callId: `c${n}`, note: "x", code: null });
  expect(drafts().map((one) => one.callId)).toEqual(Array.from({ length: 20 }, (_, n) => `c${n + 5}`));
  store.set("hotline.drafts", "{");
  expect(drafts()).toEqual([]);
});

test("the next person at this tab sees nothing of it, the same one everything", () => {
  workOf("anna");
  keepDraft({ callId: "c1", note: "x", code: null });
  store.set("hotline.orders", "…");
  store.set("hotline.message", "…");
  store.set("hotline.handover.2026-11-23-early", "…");
  store.set("hotline.phone", "…");
  workOf("anna");
  expect(drafts()).toHaveLength(1);
  workOf("bert");
  expect(drafts()).toEqual([]);
  expect([...store.keys()].sort()).toEqual(["hotline.owner", "hotline.phone"]);
});

test("what was written has one key until it is written otherwise, also after a reload", () => {
  const key = keepDraft({ callId: "c1", note: "一", code: null });
  expect(keptDraft("c1").key).toBe(key);
  expect(keepDraft({ callId: "c1", note: "一", code: null, caller: "138" })).toBe(key);
  const other = keepDraft({ callId: "c1", note: "一二", code: null });
  expect(other).not.toBe(key);
  forgetDraft("c1");
  expect(keepDraft({ callId: "c1", note: "一二", code: null })).not.toBe(other);
});

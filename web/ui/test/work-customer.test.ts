import { beforeEach, describe, expect, test } from "vitest";
import type { ScreenPop } from "../src/api/types";
import en from "../src/i18n/work.en";
import zh from "../src/i18n/work.zh-CN";
import { bodyOf, type CustomerForm, faultsOf, forget, formOf, keep, kept } from "../src/work/customer";

const store = new Map<string, string>();
Object.assign(globalThis, {
  sessionStorage: { getItem: (k: string) => store.get(k) ?? null, setItem: (k: string, v: string) => void store.set(k, v) },
});
beforeEach(() => store.clear());

const pop = (caller: string | null): ScreenPop => ({ call_id: "c1", caller }) as ScreenPop;
const form = (more: Partial<CustomerForm> = {}): CustomerForm => ({ ...formOf(pop("13800000006"), "key-00001"), name: "周敏", ...more });

describe("a new customer", () => {
  test("has the calling number, unless it is withheld", () => {
    expect(formOf(pop("13800000006"), "k")).toMatchObject({ callId: "c1", phone: "13800000006", caller: "13800000006" });
    for (const caller of ["unknown", "138****0006", "", null]) expect(formOf(pop(caller), "k").phone).toBe("");
  });

  test("needs a name, and a number or an address", () => {
    expect(faultsOf(form())).toEqual([]);
    expect(faultsOf(form({ name: " ", phone: "abc" }))).toEqual(["name", "phone"]);
    expect(faultsOf(form({ phone: "" }))).toEqual(["reach"]);
    expect(faultsOf(form({ phone: "", address: "和平路" }))).toEqual([]);
    for (const fault of ["name", "phone", "reach"] as const) expect([zh.fault[fault], en.fault[fault]].every(Boolean)).toBe(true);
  });

  test("is sent as it was typed, without blanks at the ends", () => {
    expect(bodyOf(form({ address: " 和平路 6 号 ", language: "客家话" }), true)).toEqual({
      key: "key-00001", call_id: "c1", name: "周敏", phone: "13800000006", address: "和平路 6 号", area: "",
      category: "residential", language: "客家话", although_known: true,
    });
  });

  test("is kept until it is one", () => {
    keep(form());
    keep(form({ key: "key-00002", callId: "c2" }));
    keep(form({ name: "周明" }));
    expect(kept().map((one) => [one.key, one.name])).toEqual([["key-00002", "周敏"], ["key-00001", "周明"]]);
    forget("key-00001");
    expect(kept()).toHaveLength(1);
    store.set("hotline.customers", "{");
    expect(kept()).toEqual([]);
  });
});

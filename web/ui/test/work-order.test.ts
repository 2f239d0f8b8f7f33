import { beforeEach, describe, expect, test } from "vitest";
import type { ScreenPop } from "../src/api/types";
import en from "../src/i18n/work.en";
import zh from "../src/i18n/work.zh-CN";
import { bodyOf, faultsOf, forgetForm, formOf, kept, keepForm, keepTaken, likelyAccount, menuAnswers, type OrderForm, spaced } from "../src/work/order";

const store = new Map<string, string>();
Object.assign(globalThis, {
  sessionStorage: { getItem: (k: string) => store.get(k) ?? null, setItem: (k: string, v: string) => void store.set(k, v) },
});
beforeEach(() => store.clear());

const account = (no: string, supply_state = "on") => ({ account_no: no, address: `路 ${no}`, supply_state, arrears_yuan: "0.00", tariff: null, voltage: null });
const step = (node: string, digits: string | null) => ({ node, digits, at: "2026-11-23T01:00:00Z" });
const pop = (more: Partial<ScreenPop> = {}): ScreenPop => ({
  call_id: "c1",
  caller: "13800000002",
  customer: { id: "cu2", name: "王芳", category: null, vip: false, important: false, phones: [], address: "家", area: "城东片区" },
  matches: [],
  accounts: [account("3200000002")],
  bill: null,
  outage: null,
  open_work_orders: [],
  history: [],
  complaints_30d: 0,
  ivr_path: [],
  waited_s: 3,
  queue: null,
  ahead_causes: [],
  need: null,
  script: null,
  ...more,
});
const form = (more: Partial<OrderForm> = {}): OrderForm => ({ ...formOf(pop(), pop(), "key-00001"), danger: false, scope: "home", ...more });

describe("the form is filled from the call", () => {
  test("who calls, where, and what the menu was told", () => {
    const told = pop({ ivr_path: [step("fault", "2"), step("fault_scope", "1"), step("fault_scope", "3")] });
    expect(formOf(told, told, "k")).toMatchObject({
      callId: "c1", caller: "13800000002", kind: "fault", danger: null, scope: "street",
      account: "3200000002", customerId: "cu2", phone: "13800000002", area: "城东片区", address: "路 3200000002", began: "", text: "",
    });
  });
  test("danger that was told to the menu is not asked again, its absence is", () => {
    expect(menuAnswers(pop({ ahead_causes: ["vip", "danger"] })).danger).toBe(true);
    expect(menuAnswers(pop()).danger).toBeNull();
  });
  test.each([["complaint", "complaint"], ["business", "application"], ["english", "fault"], [null, "fault"]])("need %s is %s", (need, kind) =>
    expect(menuAnswers(pop({ need })).kind).toBe(kind));
  test("of several accounts the one without supply, else none is guessed", () => {
    expect(likelyAccount([account("1"), account("2", "cut_for_arrears")])?.account_no).toBe("2");
    expect(likelyAccount([account("1"), account("2")])).toBeNull();
  });
  test("a withheld number is no number to ring", () => expect(formOf(pop({ caller: "anonymous" }), pop(), "k").phone).toBe(""));
});

describe("what keeps it from being an order", () => {
  const now = Date.parse("2026-11-23T02:00:00Z");
  test.each<[Partial<OrderForm>, string[]]>([
    [{}, []],
    [{ danger: null, scope: "" }, ["danger", "scope"]],
    [{ account: "", address: " " }, ["address"]],
    [{ account: "32000x" }, ["account"]],
    [{ account: "3200 0000-02" }, []],
    [{ phone: "ask at work" }, ["phone"]],
    [{ phone: "" }, []],
    [{ kind: "complaint", danger: null, scope: "" }, ["text"]],
    [{ kind: "complaint", danger: null, scope: "", text: "抄表不准", account: "", address: "" }, []],
  ])("%j", (more, found) => expect(faultsOf(form(more), Number.NaN, now)).toEqual(found));
  test("it began before now or not at all", () => {
    const said = form({ began: "2026-11-23T09:59" });
    expect(faultsOf(said, now - 60_000, now)).toEqual([]);
    expect(faultsOf(said, now + 60_000, now)).toEqual(["began"]);
    expect(faultsOf(said, Number.NaN, now)).toEqual(["began"]);
  });
});

test("only a fault has scope, safety and beginning", () => {
  const began = Date.parse("2026-11-23T01:59:00Z");
  expect(bodyOf(form({ began: "2026-11-23T09:59" }), began)).toMatchObject({ scope: "home", danger: false, began_at: "2026-11-23T01:59:00.000Z" });
  const other = bodyOf(form({ kind: "praise", began: "x", text: " 好 " }), Number.NaN);
  expect(other).toMatchObject({ kind: "praise", scope: "", text: "好" });
  expect(other).not.toHaveProperty("danger");
  expect(other).not.toHaveProperty("began_at");
});

test("what is written is kept until it is an order or thrown away", () => {
  keepForm(form());
  keepForm(form({ text: "更多" }));
  keepForm(form({ key: "key-00002", callId: "c2" }));
  expect(kept().forms.map((one) => one.text)).toEqual(["更多", ""]);
  forgetForm("key-00002");
  keepTaken("key-00001", { callId: "c1", order: { id: "o", number: "261123000001", kind: "fault", scope: "home", state: "created", priority: "normal", account_no: "", urges: 0 }, main_number: null });
  expect(kept().forms).toEqual([]);
  expect(kept().taken[0]?.order.number).toBe("261123000001");
  store.set("hotline.orders", "{");
  expect(kept()).toEqual({ forms: [], taken: [] });
});

test("numbers are read in groups", () => expect(spaced("261123000001")).toBe("2611 2300 0001"));

test("both languages have the same words", () => {
  const keys = (words: object, at = ""): string[] =>
    Object.entries(words).flatMap(([key, value]) => (typeof value === "object" ? keys(value as object, `${at}${key}.`) : [`${at}${key}`]));
  expect(keys(en)).toEqual(keys(zh));
});

/** The order form as data: filled from the call, checked before it is sent, kept until it is an order. */
import type { NewOrder, OrderKind, OrderScope, TakenOrder } from "../api/work";
import type { Account, CustomerFile, ScreenPop } from "../api/types";

export interface OrderForm {
  key: string;
  callId: string;
  /** The caller's number, to tell forms of several calls apart. */
  caller: string;
  kind: OrderKind;
  /** The answer to the safety question; null: not asked yet. */
  danger: boolean | null;
  scope: OrderScope;
  account: string;
  customerId: string;
  phone: string;
  area: string;
  address: string;
  /** When it began, as the clocks of the site show it; empty: not said. */
  began: string;
  text: string;
}

/** The number without masking signs and letters; empty when it is withheld. */
const plain = (number: string | null | undefined): string => (/^\+?\d+$/.test(number ?? "") ? (number ?? "") : "");

/** Keys of the shipped menu at its question how much is without power. */
const SCOPE_KEYS: Record<string, OrderScope> = { "1": "room", "2": "home", "3": "street" };

/** What the caller has told the menu: what it is about, how much is without power, whether there is danger. */
export function menuAnswers(pop: ScreenPop): { kind: OrderKind; scope: OrderScope; danger: boolean | null } {
  const path = pop.ivr_path;
  const keys = path.findLast((step) => step.node === "fault_scope")?.digits ?? "";
  const kinds: Record<string, OrderKind> = { complaint: "complaint", business: "application" };
  return {
    kind: kinds[pop.need ?? ""] ?? "fault",
    scope: SCOPE_KEYS[keys] ?? "",
    danger: pop.ahead_causes.includes("danger") ? true : null,
  };
}

/** The account that the call is most likely about: the only one, or one without supply. */
export function likelyAccount(accounts: readonly Account[]): Account | null {
  return accounts.length === 1 ? (accounts[0] ?? null) : (accounts.find((one) => one.supply_state !== "on") ?? null);
}

export function formOf(pop: ScreenPop, file: CustomerFile, key: string): OrderForm {
  const account = likelyAccount(file.accounts);
  return {
    key,
    callId: pop.call_id,
    caller: pop.caller ?? "",
    ...menuAnswers(pop),
    account: account?.account_no ?? "",
    customerId: file.customer?.id ?? "",
    phone: plain(pop.caller),
    area: file.customer?.area ?? "",
    address: account?.address ?? file.customer?.address ?? "",
    began: "",
    text: "",
  };
}

export type Fault = "danger" | "scope" | "address" | "account" | "text" | "began" | "phone";

const PHONE = /^\+?[\d\s-]{3,20}$/;

/** What keeps the form from being an order, the first thing first. `began`: the instant written, NaN for nonsense. */
export function faultsOf(form: OrderForm, began: number, now: number): Fault[] {
  const outage = form.kind === "fault";
  const found: [Fault, boolean][] = [
    ["danger", outage && form.danger === null],
    ["scope", outage && form.scope === ""],
    ["account", !/^\d{0,20}$/.test(bare(form.account))],
    ["address", outage && bare(form.account) === "" && form.address.trim() === ""],
    ["phone", form.phone.trim() !== "" && !PHONE.test(form.phone.trim())],
    ["began", outage && form.began !== "" && !(began <= now)],
    ["text", !outage && form.text.trim() === ""],
  ];
  return found.filter(([, bad]) => bad).map(([name]) => name);
}

export const bare = (account: string): string => account.replace(/[\s-]/g, "");

export function bodyOf(form: OrderForm, began: number): NewOrder {
  const outage = form.kind === "fault";
  return {
    key: form.key,
    call_id: form.callId,
    kind: form.kind,
    scope: outage ? form.scope : "",
    account: bare(form.account),
    customer_id: form.customerId,
    phone: form.phone.trim(),
    area: form.area.trim(),
    address: form.address.trim(),
    text: form.text.trim(),
    ...(outage && form.danger !== null ? { danger: form.danger } : {}),
    ...(outage && form.began !== "" ? { began_at: new Date(began).toISOString() } : {}),
  };
}

/** An order's number in groups, to be read out. */
export const spaced = (number: string): string => number.replace(/(\d{4})(?=\d)/g, "$1 ");

// --- kept in this tab until it is an order ------------------------------------------------------

export interface Taken extends TakenOrder {
  callId: string;
}

interface Kept {
  forms: OrderForm[];
  taken: Taken[];
}

const KEPT_AS = "hotline.orders";
/** Forms left unfinished and orders made that a tab remembers; of more, the oldest are forgotten. */
const MOST = 20;

export function kept(): Kept {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEPT_AS) ?? "null") as Partial<Kept> | null;
    return { forms: found?.forms ?? [], taken: found?.taken ?? [] };
  } catch {
    return { forms: [], taken: [] };
  }
}

function keep(all: Kept): void {
  sessionStorage.setItem(KEPT_AS, JSON.stringify({ forms: all.forms.slice(-MOST), taken: all.taken.slice(-MOST) }));
}

export function keepForm(form: OrderForm): void {
  const all = kept();
  const place = all.forms.findIndex((one) => one.key === form.key);
  keep({ ...all, forms: place < 0 ? [...all.forms, form] : all.forms.with(place, form) });
}

export function forgetForm(key: string): void {
  const all = kept();
  keep({ ...all, forms: all.forms.filter((one) => one.key !== key) });
}

/** The form has become an order. */
export function keepTaken(key: string, taken: Taken): void {
  const all = kept();
  keep({ forms: all.forms.filter((one) => one.key !== key), taken: [...all.taken, taken] });
}

/** The form of a new customer as data: filled from the call, checked before it is sent, kept until there is a customer. */
import type { NewCustomer } from "../api/customers";
import type { ScreenPop } from "../api/types";

export const CATEGORIES = ["residential", "commercial", "agricultural"] as const;
export type Category = (typeof CATEGORIES)[number];

export interface CustomerForm {
  key: string;
  callId: string;
  /** The caller's number, to tell forms of several calls apart. */
  caller: string;
  name: string;
  phone: string;
  address: string;
  area: string;
  category: Category;
  language: string;
}

/** The calling number as it may be dialled; empty when it is withheld or masked. */
export const callingNumber = (pop: ScreenPop): string => (/^\+?\d+$/.test(pop.caller ?? "") ? (pop.caller ?? "") : "");

export function formOf(pop: ScreenPop, key: string): CustomerForm {
  const caller = callingNumber(pop);
  return { key, callId: pop.call_id, caller, name: "", phone: caller, address: "", area: "", category: "residential", language: "" };
}

export type Fault = "name" | "phone" | "reach";
const PHONE = /^\+?[\d\s().-]{3,24}$/;

/** What keeps the form from being a customer, the first thing first. */
export function faultsOf(form: CustomerForm): Fault[] {
  const [phone, address] = [form.phone.trim(), form.address.trim()];
  const found: [Fault, boolean][] = [
    ["name", form.name.trim() === ""],
    ["phone", phone !== "" && !PHONE.test(phone)],
    ["reach", phone === "" && address === ""],
  ];
  return found.filter(([, bad]) => bad).map(([name]) => name);
}

export function bodyOf(form: CustomerForm, although_known: boolean): NewCustomer {
  const { key, callId: call_id, category } = form;
  const [name, phone, address, area, language] = [form.name, form.phone, form.address, form.area, form.language].map((one) => one.trim()) as [string, string, string, string, string];
  return { key, call_id, name, phone, address, area, category, language, although_known };
}

// --- kept in this tab until there is a customer -------------------------------------------------

const KEPT_AS = "hotline.customers";
/** Forms left unfinished that a tab remembers; of more, the oldest are forgotten. */
const MOST = 20;

export function kept(): CustomerForm[] {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem(KEPT_AS) ?? "[]");
    return Array.isArray(found) ? (found as CustomerForm[]) : [];
  } catch {
    return [];
  }
}

export function forget(key: string): void {
  sessionStorage.setItem(KEPT_AS, JSON.stringify(kept().filter((one) => one.key !== key)));
}

export function keep(form: CustomerForm): void {
  const others = kept().filter((one) => one.key !== form.key);
  sessionStorage.setItem(KEPT_AS, JSON.stringify([...others, form].slice(-MOST)));
}

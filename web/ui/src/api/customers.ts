/** Looking a customer up by hand, and writing a new one down. */
import { request, withQuery } from "./http";
import type { Customer, Page } from "./types";

/** Customers that fit what the agent typed: an account number, a phone number, or words. */
export async function find(text: string): Promise<Customer[]> {
  const digits = text.replace(/[\s-]/g, "");
  const tries = /^1\d{10}$/.test(digits)
    ? [{ phone: digits }, { account: digits }]
    : /^\d{6,}$/.test(digits)
      ? [{ account: digits }, { phone: digits }]
      : [{ q: text }];
  for (const query of tries) {
    const { items } = await request<Page<Customer>>("GET", withQuery("customers", query));
    if (items.length > 0) return items;
  }
  return [];
}

/** What `POST /customers` takes. `key` is made once for each form: sent again, it makes no second customer. */
export interface NewCustomer {
  key: string;
  call_id: string;
  name: string;
  phone: string;
  address: string;
  area: string;
  category: "residential" | "commercial" | "agricultural";
  language: string;
  /** Make one even where the number, or name and address, are those of a customer who is there. */
  although_known: boolean;
}

export const makeCustomer = (one: NewCustomer): Promise<Customer> => request("POST", "customers", one);

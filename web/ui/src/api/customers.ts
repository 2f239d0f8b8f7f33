/** Looking a customer up by hand. */
import { ApiError, request, withQuery } from "./http";
import type { Customer, CustomerFile, HistoryItem, Page } from "./types";

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

/** Everything the desktop shows of one customer. Parts that the server does not send stay empty. */
export async function fileOf(customer: Customer): Promise<CustomerFile> {
  const path = `customers/${encodeURIComponent(customer.id)}`;
  const sent = await request<Partial<CustomerFile> & Partial<Customer>>("GET", path);
  const history = sent.history ?? (await contacts(path));
  return {
    customer: sent.customer ?? customer,
    accounts: sent.accounts ?? [],
    bill: sent.bill ?? null,
    outage: sent.outage ?? null,
    open_work_orders: sent.open_work_orders ?? [],
    complaints_30d: sent.complaints_30d ?? 0,
    history,
  };
}

async function contacts(path: string): Promise<HistoryItem[]> {
  try {
    return (await request<Page<HistoryItem>>("GET", `${path}/history`)).items;
  } catch (error) {
    // The file itself is worth showing although its history cannot be had.
    if (error instanceof ApiError) return [];
    throw error;
  }
}

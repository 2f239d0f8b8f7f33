/** Work orders: made of the form of one's own call, urged, and those that are open at an account. */
import { request, withQuery } from "./http";
import type { Page, WorkOrder } from "./types";

export const KINDS = ["fault", "complaint", "misconduct", "opinion", "suggestion", "praise", "enquiry", "application"] as const;
export type OrderKind = (typeof KINDS)[number];
export const SCOPES = ["room", "home", "street"] as const;
export type OrderScope = "" | (typeof SCOPES)[number];

/** What `POST /work-orders` takes. `key` is made once for each form: sent again, it makes no second order. */
export interface NewOrder {
  key: string;
  call_id: string;
  kind: OrderKind;
  scope: OrderScope;
  danger?: boolean;
  account: string;
  customer_id: string;
  phone: string;
  area: string;
  address: string;
  text: string;
  began_at?: string;
}

export interface Order extends WorkOrder {
  number: string;
  kind: string;
  scope: string;
  state: string;
  priority: string;
  account_no: string;
  urges: number;
}

export interface TakenOrder {
  order: Order;
  /** The order of the same fault into which this one was folded. */
  main_number: string | null;
}

export interface Urged {
  outcome: "done" | "too_soon" | "enough" | "closed";
  order: Order;
}

export const takeOrder = (order: NewOrder): Promise<TakenOrder> => request("POST", "work-orders", order);
export const urgeOrder = (id: string, call_id: string): Promise<Urged> =>
  request("POST", `work-orders/${encodeURIComponent(id)}/urge`, { call_id });
export const openOrders = async (account: string): Promise<Order[]> =>
  (await request<Page<Order>>("GET", withQuery("work-orders", { account, limit: 20 }))).items.filter((one) => one.state !== "closed");

/** Bills: the list of an account, all about one of them, other terms, paper, text message. */
import { ApiError, request, withQuery } from "./http";
import type { ApiErrorBody, Page, Yuan } from "./types";

export interface IssuedBill {
  id: string;
  account_no: string;
  /** `2026-10` */
  period: string;
  amount_yuan: Yuan;
  usage_kwh: string;
  due_date: string;
  paid: boolean;
  estimated: boolean;
  open_yuan: Yuan;
}

/** One step of the tree, flat: `depth` says where it lies; `again`: shown before by that number, nothing follows below. */
export interface StepRow {
  number: number;
  depth: number;
  key: string;
  name: string;
  reckoning: string;
  value: string;
  unit: string;
  rounding: string;
  source: string;
  again: boolean;
}

export interface Odd {
  kind: string;
  meter: string;
  figures: string[];
  question: string;
}

export interface Reckoned {
  refused: string | null;
  steps: StepRow[];
  late_fee: StepRow[];
  last_month: StepRow[];
  last_year: StepRow[];
  odd: Odd[];
  differences: string[];
}

/** Which other terms make sense; null and false change nothing. */
export interface WhatIfs {
  contract_kw: string | null;
  contract_least: string | null;
  contract_most: string | null;
  basic: string[];
  power_factor: string | null;
  to_valley: boolean;
  people: number | null;
  poor: boolean;
}

export interface Explanation {
  why: string;
  issued: IssuedBill | null;
  items: { text: string; reckoning: string; amount: string }[];
  reckoned: Reckoned | null;
  since: string | null;
  until: string | null;
  message: string;
  what_if: WhatIfs | null;
  owed: StepRow[];
  credit_yuan: Yuan;
}

export interface Effect {
  months: number;
  before_yuan: string;
  after_yuan: string;
  difference_yuan: string;
  yearly_yuan: string;
}

/** Putting a bill on paper takes seconds. */
const PAPER_MS = 40_000;

const at = (id: string): string => `bills/${encodeURIComponent(id)}`;

export const billsOf = async (account: string): Promise<IssuedBill[]> =>
  (await request<Page<IssuedBill>>("GET", withQuery("bills", { account }))).items;
export const explanation = (id: string, language: string): Promise<Explanation> =>
  request("GET", withQuery(`${at(id)}/explanation`, { language }));
export const whatIf = (id: string, change: Record<string, unknown>): Promise<Effect> => request("POST", `${at(id)}/what-if`, change);
export const sendByText = (id: string): Promise<{ to: string; first: boolean }> => request("POST", `${at(id)}/message`);

/** The bill as a PDF file. */
export async function paper(id: string, language: string): Promise<Blob> {
  const path = withQuery(`/api/v1/${at(id)}.pdf`, { language });
  const response = await fetch(path, { credentials: "same-origin", signal: AbortSignal.timeout(PAPER_MS) }).catch(() => {
    throw new ApiError(0, { code: "unreachable", message: "" });
  });
  if (response.ok) return response.blob();
  const told = (await response.json().catch(() => null)) as { error?: ApiErrorBody } | null;
  throw new ApiError(response.status, told?.error ?? { code: `http_${response.status}`, message: "" });
}

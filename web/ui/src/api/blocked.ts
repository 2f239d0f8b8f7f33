/** Numbers that are not served, over the API. */
import { request } from "./http";

export interface BlockRow {
  id: string;
  number: string;
  since: string;
  until: string;
  by_name: string;
  note: string;
  turned_away: number;
  lifted_at: string | null;
  lifted_by_name: string | null;
  holds: boolean;
}

const at = (id: string, verb: string): string => `blocked-numbers/${encodeURIComponent(id)}/${verb}`;

export const blocks = async (): Promise<BlockRow[]> => (await request<{ items: BlockRow[] }>("GET", "blocked-numbers")).items;
export const liftBlock = (id: string, note: string): Promise<BlockRow> => request("POST", at(id, "lift"), { note });
export const prolongBlock = (id: string, days: number, note: string): Promise<BlockRow> =>
  request("POST", at(id, "prolong"), { days, note });

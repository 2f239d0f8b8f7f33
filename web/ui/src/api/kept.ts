/** Former texts of the installation's own files, over the API. */
import { request } from "./http";

export interface KeptVersion {
  id: string;
  until: string;
  put_at: string | null;
  by_name: string | null;
  why: string;
}

export interface KeptText {
  id: string;
  text: string;
  seen: string;
  difference: { kind: "same" | "less" | "more" | "skip"; text: string }[];
  problem: string;
}

const path = (name: string, id = ""): string => `own-files/${name}/versions${id && `/${encodeURIComponent(id)}`}`;

export const keptVersions = async (name: string): Promise<KeptVersion[]> =>
  (await request<{ items: KeptVersion[] }>("GET", path(name))).items;
export const keptText = (name: string, id: string): Promise<KeptText> => request("GET", path(name, id));
export const putBack = (name: string, id: string, why: string, seen: string): Promise<{ seen: string; pending: boolean }> =>
  request("POST", `${path(name, id)}/put-back`, { why, seen });

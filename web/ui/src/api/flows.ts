/** Flows, their versions, and what can be chosen in them. */
import type { FlowSchema } from "../flows/schema";
import type { Fault, Files } from "../flows/document";
import { request, withQuery } from "./http";
import type { Page } from "./types";

export interface FlowRow {
  id: string;
  live_version: number;
  newest_version: number;
}

export interface VersionRow {
  number: number;
  state: "draft" | "live" | "retired";
  note: string;
  author: string;
  created_at: string;
  published_at: string | null;
  hash: string;
  based_on: number | null;
  shipped: boolean;
}

export interface Version extends VersionRow {
  files: Files;
}

export interface Comparison {
  files: { file: string; diff: string }[];
  nodes: { added: string[]; removed: string[]; changed: string[] };
}

export interface PromptRow {
  id: string;
  /** The language of `text`. */
  language: string;
  text: string;
  /** What callers hear instead who chose English. */
  english: string | null;
  source: string;
  ours: boolean;
}

export interface Rule {
  value: number;
  unit: string;
  means: string;
}

/** Rendering of new prompts and the simulated call take longer than a look-up. */
const PUBLISH_LIMIT_MS = 180_000;
const SIMULATE_LIMIT_MS = 30_000;

function of(flow: string, rest = ""): string {
  return `flows/${encodeURIComponent(flow)}${rest}`;
}

export const flows = async (): Promise<FlowRow[]> => (await request<Page<FlowRow>>("GET", "flows")).items;
export const schema = (): Promise<FlowSchema> => request("GET", "flows/schema");
export const versions = async (flow: string): Promise<VersionRow[]> =>
  (await request<Page<VersionRow>>("GET", of(flow, "/versions"))).items;
export const version = (flow: string, n: number): Promise<Version> => request("GET", of(flow, `/versions/${n}`));
export const check = async (flow: string, files: Files): Promise<Fault[]> =>
  (await request<{ findings: Fault[] }>("POST", of(flow, "/check"), { files })).findings;
export const draft = (flow: string, files: Files, note: string, basedOn: number): Promise<Version> =>
  request("POST", of(flow, "/versions"), { files, note, based_on: basedOn });
export const publish = (flow: string, n: number, live: number): Promise<VersionRow> =>
  request("POST", of(flow, `/versions/${n}/publish`), { live_version: live }, PUBLISH_LIMIT_MS);
export const compare = (flow: string, n: number, older: number): Promise<Comparison> =>
  request("GET", withQuery(of(flow, `/versions/${n}/compare`), { with: older }));
export const simulate = async (
  flow: string,
  call: { files: Files; caller: string; keys: string; at: string | null },
): Promise<string[]> =>
  (await request<{ lines: string[] }>("POST", of(flow, "/simulate"), call, SIMULATE_LIMIT_MS)).lines;
export const prompts = async (): Promise<PromptRow[]> => (await request<Page<PromptRow>>("GET", "prompts")).items;
export const rules = async (): Promise<Record<string, Rule>> =>
  (await request<{ rules: Record<string, Rule> }>("GET", "settings")).rules;
export const queues = async (): Promise<{ id: string; name: string }[]> =>
  (await request<Page<{ id: string; name: string }>>("GET", "queues")).items;

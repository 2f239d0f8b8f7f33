/** Calls of the past and of now. */
import { request, withQuery } from "./http";
import type { AgentRow, Call, Page, TimelineItem } from "./types";

export interface CallQuery {
  agent?: string | null;
  caller?: string | null;
  state?: "live" | null;
  limit: number;
  cursor?: string | null;
}

export const calls = (query: CallQuery): Promise<Page<Call>> =>
  request("GET", withQuery("calls", { ...query }));
export const timeline = async (callId: string): Promise<TimelineItem[]> =>
  (await request<Page<TimelineItem>>("GET", `calls/${encodeURIComponent(callId)}/timeline`)).items;
export const agents = async (): Promise<AgentRow[]> => (await request<Page<AgentRow>>("GET", "agents")).items;
/** Where a recording's sound is, relative to our own origin. */
export const audioOf = (recordingId: string): string => `/api/v1/recordings/${encodeURIComponent(recordingId)}/audio`;

/** Announcements that callers hear before the menu, and storm mode. */
import { request } from "./http";
import type { Page } from "./types";

export type Kind = "emergency" | "greeting";

export interface AnnouncementRow {
  id: string;
  kind: Kind;
  festival: string;
  text: string;
  areas: string[];
  from: string;
  until: string | null;
  place: number;
  on: boolean;
  /** off, preparing, failed, planned, live, over; a newer server may have more. */
  state: string;
  by: string;
  by_name: string | null;
  live_since: string | null;
  version: number;
}

export interface NewAnnouncement {
  kind: Kind;
  text: string;
  festival?: string;
  areas?: string[];
  from?: string;
  until?: string;
}

export interface Proposal {
  festival: string;
  name: string;
  text: string;
  from: string;
  until: string;
}

export interface Switch {
  on: boolean;
  since: string | null;
  by: string | null;
  by_name: string | null;
  why: string;
}

/** The list holds so many at most; older ones that are over are not in it. */
export const MOST_LISTED = 100;

export const announcements = async (): Promise<AnnouncementRow[]> =>
  (await request<Page<AnnouncementRow>>("GET", "announcements")).items;
export const proposals = async (): Promise<Proposal[]> =>
  (await request<Page<Proposal>>("GET", "announcements/proposals")).items;
export const areas = async (): Promise<string[]> => (await request<Page<string>>("GET", "announcements/areas")).items;
export const announce = (one: NewAnnouncement): Promise<AnnouncementRow> => request("POST", "announcements", one);
export const end = (id: string): Promise<AnnouncementRow> =>
  request("PATCH", `announcements/${encodeURIComponent(id)}`, { on: false });
export const storm = (): Promise<Switch> => request("GET", "storm");
export const turnStorm = (on: boolean, why: string): Promise<Switch> => request("PUT", "storm", { on, why });

/** Administration: accounts, and the audit of what people did. */
import { request, withQuery } from "./http";
import type { AgentState, Page, Role, SeatChoice } from "./types";

export interface UserRow {
  id: string;
  username: string;
  display_name: string;
  role: Role;
  seat_id: string | null;
  active: boolean;
  state: AgentState;
  /** Seconds for which sign-ins are refused after too many tries; 0: they are heard. */
  locked_s: number;
  skills: Record<string, number>;
  groups: string[];
}

export interface NewUser {
  username: string;
  display_name: string;
  role: Role;
  seat_id: string | null;
}

/** An account with the password that was made for it, told this once. */
export interface Admitted {
  user: UserRow;
  password: string | null;
}

export interface Named {
  id: string;
  name: string;
  /** By language: zh, en. */
  names: Record<string, string>;
}

export interface SkillCatalogue {
  levels: number;
  skills: Named[];
  groups: Named[];
}

const user = (id: string, verb = ""): string => `users/${encodeURIComponent(id)}${verb && `/${verb}`}`;

export const users = async (): Promise<UserRow[]> => (await request<Page<UserRow>>("GET", "users")).items;
export const createUser = (one: NewUser): Promise<Admitted> => request("POST", "users", one);
export const changeUser = (id: string, change: Partial<Omit<NewUser, "username">>): Promise<UserRow> =>
  request("PATCH", user(id), change);
export const resetPassword = (id: string): Promise<Admitted> => request("POST", user(id, "password"), {});
export const admit = (id: string, verb: "activate" | "deactivate" | "unlock"): Promise<UserRow> => request("POST", user(id, verb));
export const skillCatalogue = (): Promise<SkillCatalogue> => request("GET", "skills");
export const setSkills = (id: string, skills: Record<string, number>, groups: string[]): Promise<unknown> =>
  request("POST", `agents/${encodeURIComponent(id)}/skills`, { skills, groups });

export interface AuditRow {
  seq: number;
  at: string;
  event: string;
  area: string;
  /** Null: the command line, or a rule of the service. */
  by: string | null;
  by_name: string | null;
  data: Record<string, unknown>;
  people: Record<string, string>;
}

export interface AuditWanted {
  person?: string;
  account?: string;
  area?: string;
  from?: string;
  to?: string;
  cursor?: string | null;
}

export interface Person {
  id: string;
  username: string;
  display_name: string;
}

export const AUDIT_AREAS = ["accounts", "sign_ins", "seats", "settings", "menu", "announcements", "shifts", "team", "callers", "privacy"];

export const audit = (wanted: AuditWanted): Promise<Page<AuditRow> & { next_cursor: string | null }> =>
  request("GET", withQuery("audit", { ...wanted }));
export const auditPeople = async (): Promise<Person[]> => (await request<Page<Person>>("GET", "audit/people")).items;
/** Where the browser fetches the same acts as a file. */
export const auditFile = ({ person, account, area, from, to }: AuditWanted): string =>
  `/api/v1/${withQuery("audit/export", { person, account, area, from, to })}`;

export const PAGE_RULES = ["while_open", "required", "ignored"] as const;
export type PageRule = (typeof PAGE_RULES)[number];

export interface SeatRow extends SeatChoice {
  browser: boolean;
  page: PageRule;
}

/** A seat with what its phone has to be set to, told this once. */
export interface SeatMade {
  seat: SeatRow;
  server: string;
  /** Null: the page in the browser is the phone. */
  sip_password: string | null;
  /** False: somebody has to type `hotline asterisk render`. */
  pbx_knows: boolean;
}

const seat = (id: string, verb = ""): string => `seats/${encodeURIComponent(id)}${verb && `/${verb}`}`;

export const seatRows = async (): Promise<SeatRow[]> => (await request<Page<SeatRow>>("GET", "seats")).items;
export const addSeat = (one: { id: string; browser: boolean; page: PageRule }): Promise<SeatMade> => request("POST", "seats", one);
export const newSeatPassword = (id: string): Promise<SeatMade> => request("POST", seat(id, "password"));
export const changeSeat = (id: string, page: PageRule): Promise<SeatRow> => request("PATCH", seat(id), { page });
export const removeSeat = (id: string): Promise<{ pbx_knows: boolean }> => request("DELETE", seat(id));

export interface RuleRow {
  id: string;
  unit: string;
  means: string;
  value: number;
  source: string;
  next_value: number;
  next_source: string;
  default: number;
  default_source: string;
  least: number;
}

export interface PolicyView {
  name: string;
  /** Null: no file of the installation's own, so nothing is changed here. */
  file: string | null;
  seen: string;
  /** The service takes the file at its next start. */
  pending: boolean;
  rules: RuleRow[];
}

export const policy = (): Promise<PolicyView> => request("GET", "policy");
export const changeRule = (id: string, rule: { value: number; source: string } | null, seen: string): Promise<PolicyView> =>
  request("PATCH", "policy", { rules: { [id]: rule }, seen });

export const LISTS = ["queues", "skills", "reasons", "results", "shifts"] as const;
export type ListName = (typeof LISTS)[number];

export interface ListView {
  name: ListName;
  file: string | null;
  shipped: string;
  text: string;
  seen: string;
  pending: boolean;
  holds: unknown;
}

const list = (name: ListName, verb = ""): string => `lists/${name}${verb && `/${verb}`}`;

export const ownList = (name: ListName): Promise<ListView> => request("GET", list(name));
export const checkList = (name: ListName, text: string): Promise<{ ok: boolean; problem: string }> =>
  request("POST", list(name, "check"), { text });
export const changeList = (name: ListName, text: string, why: string, seen: string): Promise<ListView> =>
  request("PUT", list(name), { text, why, seen });

export interface CalendarView {
  year: number;
  /** False: only the holidays that the law fixes by date are known. */
  planned: boolean;
  first_planned: number;
  last_planned: number;
  today: string;
  days: { day: string; free: boolean; feast: string }[];
}

export const calendar = (year: number | null): Promise<CalendarView> => request("GET", withQuery("calendar", { year }));

export interface Sound {
  made: string;
  length_s: number;
}

export interface PromptRow {
  id: string;
  language: string;
  text: string;
  english: string | null;
  source: string;
  ours: boolean;
  sound: Sound | null;
  english_sound: Sound | null;
}

export const promptRows = async (): Promise<PromptRow[]> => (await request<Page<PromptRow>>("GET", "prompts")).items;
export const promptSound = (id: string, language: string): string =>
  `/api/v1/${withQuery(`prompts/${encodeURIComponent(id)}/audio`, { language })}`;

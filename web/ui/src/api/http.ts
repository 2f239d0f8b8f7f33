/** Requests to the API: relative addresses, JSON, a time limit, one kind of error. */
import type { ApiErrorBody, Page, Seat, SeatChoice, User } from "./types";

const LIMIT_MS = 10_000;

/** The server refused (`status` ≥ 400) or could not be reached (`status` 0, code `unreachable`). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly body: ApiErrorBody,
  ) {
    super(body.message);
  }
}

export async function request<T>(method: string, path: string, body?: unknown, limitMs = LIMIT_MS): Promise<T> {
  const init: RequestInit = { method, credentials: "same-origin", signal: AbortSignal.timeout(limitMs) };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { "Content-Type": "application/json" };
  }
  const response = await fetch(`/api/v1/${path}`, init).catch(() => {
    throw new ApiError(0, { code: "unreachable", message: "" });
  });
  const data: unknown = await response.json().catch(() => null);
  if (!response.ok) throw new ApiError(response.status, errorIn(data, response.status));
  return data as T;
}

function errorIn(data: unknown, status: number): ApiErrorBody {
  const error = (data as { error?: ApiErrorBody } | null)?.error;
  return error ?? { code: `http_${status}`, message: "" };
}

/** A path with the parameters that are set. */
export function withQuery(path: string, query: Record<string, string | number | null | undefined>): string {
  const set = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const text = new URLSearchParams(set.map(([key, value]) => [key, String(value)])).toString();
  return text === "" ? path : `${path}?${text}`;
}

export interface Session {
  user: User;
  /** The seat itself or its id; null while none is taken. */
  seat: Seat | string | null;
  /** Where this person usually sits. */
  usual_seat?: string | null;
}

export const signIn = (username: string, password: string): Promise<{ user: User }> =>
  request("POST", "session", { username, password });
export const signOut = (): Promise<unknown> => request("DELETE", "session");
export const session = (): Promise<Session> => request("GET", "session");
export const seats = (): Promise<Page<SeatChoice>> => request("GET", "seats");

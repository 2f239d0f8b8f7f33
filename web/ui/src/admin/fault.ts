/** Which field of a form an error of the server belongs to. */
import { ApiError } from "../api/http";

/** Errors that belong to a field although they do not name it. */
const AT: Record<string, string> = { user_exists: "username", no_such_seat: "seat_id", seat_exists: "id" };

/** The field that the server complains about, or "". */
export function fieldOf(error: unknown): string {
  if (!(error instanceof ApiError)) return "";
  const { code, details } = error.body;
  const listed = (details?.["fields"] as { field?: string }[] | undefined)?.[0]?.field;
  return String(details?.["field"] ?? listed ?? AT[code] ?? "");
}

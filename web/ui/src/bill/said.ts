import type { ApiErrorBody } from "../api/types";

/** The message of an error in a language; refused bills are told in each, other errors in the one they have. */
export function saidIn(body: ApiErrorBody, language: string): string {
  const told = body.details?.["told"] as Record<string, string> | undefined;
  return told?.[language] ?? body.message;
}

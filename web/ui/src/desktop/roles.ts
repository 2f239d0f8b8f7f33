/** What a role sees beside its own desk. */
const LEADING = new Set(["deputy", "shift_lead", "supervisor", "quality", "admin"]);

/** Whether this role answers calls itself, so that its own come first. */
export function takesCalls(role: string | undefined): boolean {
  return role !== "quality" && role !== "admin";
}

/** Whether this role watches the calls of others. */
export function seesLiveCalls(role: string | undefined): boolean {
  return LEADING.has(role ?? "");
}

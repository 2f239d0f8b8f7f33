/** What a role sees beside its own desk. */
const LEADING = new Set(["deputy", "shift_lead", "supervisor", "quality", "admin"]);
const TAKING = new Set(["agent", "deputy", "shift_lead", "supervisor"]);
const SEEING_FLOWS = new Set(["deputy", "shift_lead", "supervisor", "quality", "admin"]);
const ANNOUNCING = new Set(["deputy", "shift_lead", "supervisor", "admin"]);
const STEERING = new Set(["deputy", "shift_lead", "supervisor"]);
const CHANGING_FLOWS = new Set(["supervisor", "admin"]);
const AUDITING = new Set(["supervisor", "quality", "admin"]);

/** Whether this role takes calls, so has calls of its own to work on. */
export function takesCalls(role: string | undefined): boolean {
  return TAKING.has(role ?? "");
}

/** Whether this role watches the calls of others. */
export function seesLiveCalls(role: string | undefined): boolean {
  return LEADING.has(role ?? "");
}

/** Whether this role switches announcements and storm mode. */
export function announces(role: string | undefined): boolean {
  return ANNOUNCING.has(role ?? "");
}

/** Whether this role looks at the menu. */
export function seesFlows(role: string | undefined): boolean {
  return SEEING_FLOWS.has(role ?? "");
}

/** Whether this role changes the menu. */
export function changesFlows(role: string | undefined): boolean {
  return CHANGING_FLOWS.has(role ?? "");
}

/** Whether this role manages users and seats. */
export function administers(role: string | undefined): boolean {
  return role === "admin";
}

/** Whether this role reads who did what, and how the installation is set up. */
export function readsAudit(role: string | undefined): boolean {
  return AUDITING.has(role ?? "");
}

/** Whether this role steers the team: blocks numbers, forces states. */
export function steers(role: string | undefined): boolean {
  return STEERING.has(role ?? "");
}

/** Which things the agent most likely needs next, the likeliest first. */
import type { CustomerFile, IvrStep } from "../api/types";

export type Step = "outage" | "bill" | "lines";

/** Only what there is something of: an outage at the address, an account with bills, the words to say. */
export function stepsFor(file: CustomerFile, path: readonly IvrStep[]): Step[] {
  const there: Step[] = [];
  if (file.outage !== null) there.push("outage");
  if (file.bill !== null || file.accounts.length > 0) there.push("bill");
  if (there.length === 2 && askedForBill(path)) there.reverse();
  return [...there, "lines"];
}

/** Whether the last thing that the caller asked for, by key or in words, was the bill. */
function askedForBill(path: readonly IvrStep[]): boolean {
  const asked = path.findLast((step) => /bill|usage|outage/.test(`${step.said ?? ""} ${step.node}`));
  return asked !== undefined && /bill|usage/.test(asked.said ?? asked.node);
}

/** The page that explains the bill to talk about. */
export function aboutBill(file: CustomerFile): string {
  if (file.bill === null) return `/bill/${encodeURIComponent(file.accounts[0]?.account_no ?? "")}`;
  const account = file.bill.account_no ?? file.accounts[0]?.account_no ?? "";
  return `/bill/${encodeURIComponent(account)}?period=${encodeURIComponent(file.bill.period)}`;
}

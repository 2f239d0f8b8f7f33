/** What a step says first, in the caller's words. */
import type { FlowNode } from "./document";
import type { PromptRow } from "../api/flows";
import type { Verbs } from "./schema";

export function saidBy(node: FlowNode, verbs: Verbs, prompts: ReadonlyMap<string, PromptRow>): string {
  if (typeof node.fields["text"] === "string") return node.fields["text"];
  if (typeof node.fields["exit"] === "string") return `→ ${node.fields["exit"]}`;
  const field = verbs.get(node.verb)?.fields.find((one) => one.kind === "prompts");
  const said = field === undefined ? [] : (node.fields[field.name] ?? field.fallback);
  if (!Array.isArray(said)) return "";
  return said.map((id) => textOf(String(id), prompts)).join("");
}

/** Words of the flow's own in the place of a prompt: they hold a Chinese character, which no id does. */
export function isOwn(prompt: string): boolean {
  return /\p{Unified_Ideograph}/u.test(prompt);
}

/** `greeting` is no prompt of the catalogue but one of three by the time of day. */
export function textOf(id: string, prompts: ReadonlyMap<string, PromptRow>): string {
  if (isOwn(id)) return id;
  const found = prompts.get(id) ?? (id === "greeting" ? prompts.get("greeting_morning") : undefined);
  return found?.text ?? `〈${id}〉`;
}

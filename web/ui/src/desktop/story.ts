/** A journal event of a call in plain words. */
import { i18n, wordFor } from "../i18n";
import type { TimelineItem } from "../api/types";

const { t, te } = i18n.global;

/** The sentence for `item`; an event without words of its own keeps its class name. */
export function told(item: TimelineItem): string {
  const key = `event.${item.event}`;
  if (!te(key) && !te(key, "zh-CN")) return item.event;
  return t(key, named(item.data));
}

function named(data: Record<string, unknown>): Record<string, string> {
  const words: Record<string, string> = Object.fromEntries(
    Object.entries(data).map(([name, value]) => [name, value === null || value === undefined ? "–" : String(value)]),
  );
  words.agent = String(data.agent_name ?? data.agent_id ?? "–");
  words.by = wordFor("by", text(data.by));
  words.cause = wordFor("cause", text(data.cause));
  words.node = wordFor("node", text(data.node));
  words.digits = digitsIn(data);
  words.from = wordFor("state", text(data.from ?? data.before));
  words.to = te(`state.${text(data.to)}`) ? wordFor("state", text(data.to)) : text(data.to);
  return words;
}

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** Secret digits, a PIN for instance, are journaled by their number only. */
function digitsIn(data: Record<string, unknown>): string {
  const digits = text(data.digits);
  return digits !== "" ? digits : t("event.secretDigits", { length: text(data.length) });
}

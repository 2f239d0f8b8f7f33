/** A journal event of a call in plain words. */
import type { TimelineItem } from "../api/types";
import { i18n, wordFor } from "../i18n";
import { duration } from "./time";

const { t, te } = i18n.global;

/** What the installation calls its queues and results. */
export interface Naming {
  queueName: (id: string) => string;
  resultLabel: (code: string) => string;
}

/** The sentence for `item`; an event without words of its own keeps its class name. */
export function told(item: TimelineItem, naming: Naming): string {
  const key = `event.${item.event}`;
  return te(key) ? t(key, named(item, naming)) : item.event;
}

function named(item: TimelineItem, { queueName, resultLabel }: Naming): Record<string, string> {
  const { data } = item;
  const plain = Object.entries(data).map(([name, value]) => [name, text(value) || "–"]);
  const states = item.event.startsWith("AgentState");
  return {
    ...(Object.fromEntries(plain) as Record<string, string>),
    queue: queueName(text(data.queue) || text(data.to)),
    whom: item.event === "CallTransferred" ? whom(data, queueName) : "",
    mode: wordFor("monitorMode", text(data.mode)),
    by: wordFor("by", text(data.by)),
    cause: wordFor("cause", text(data.cause)),
    how: wordFor("how", text(data.how)),
    kind: wordFor("orderKind", text(data.kind)),
    need: wordFor("need", text(data.need)),
    intent: wordFor("intent", text(data.intent)) || "–",
    outcome: wordFor("outcome", text(data.outcome)),
    ended: wordFor("callbackOutcome", text(data.outcome)),
    why: wordFor("callbackWhy", text(data.why)),
    language: wordFor("language", text(data.language)),
    node: wordFor("node", text(data.node)),
    reason: item.event === "CallbackSkipped" ? text(data.reason) : reason(item.event, text(data.reason)),
    digits: text(data.digits) || t("event.secretDigits", { length: text(data.length) }),
    length: data.length_s === undefined ? text(data.length) : duration(Number(data.length_s)),
    note: [resultLabel(text(data.result_code)), text(data.text)].filter(Boolean).join(" · "),
    from: wordFor("state", text(data.from_)),
    to: wordFor(states ? "state" : "node", text(data.to) || text(data.wanted)),
  };
}

function reason(event: string, code: string): string {
  return wordFor(event === "SurveyReasonGiven" ? "surveyReason" : "noRecording", code);
}

/** To whom a caller was handed on; stories from before persons could be named tell of queues only. */
function whom(data: TimelineItem["data"], queueName: (id: string) => string): string {
  return t(`transferKind.${text(data.kind) || "queue"}`, { queue: queueName(text(data.to)), dialled: text(data.dialled) });
}

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** The editor's words: loaded with it, so that an agent's desktop does not carry them. */
import { useI18n } from "vue-i18n";
import { i18n, wordFor } from "../i18n";
import en from "../i18n/flows.en";
import zh from "../i18n/flows.zh-CN";
import type { Field, Verb } from "./schema";
import type { Fault, Way } from "./document";

i18n.global.mergeLocaleMessage("zh-CN", { flow: zh });
i18n.global.mergeLocaleMessage("en", { flow: en });

export function useWords() {
  const { t, te } = useI18n();

  /** The words for a code of the flow language; what a newer server has is shown by its own name. */
  function word(group: string, code: string): string {
    const key = `flow.${group}.${code}`;
    return te(key) ? t(key) : code.replaceAll("_", " ");
  }

  return {
    word,
    f: (key: string, holes: Record<string, unknown> = {}) => t(`flow.${key}`, holes),
    verb: (name: string) => word("verb", name),
    does: (verb: Verb) => (te(`flow.does.${verb.name}`) ? t(`flow.does.${verb.name}`) : (verb.description.split("\n")[0] ?? "")),
    field: (name: string, verb: string) =>
      te(`flow.fieldOf.${verb}_${name}`) ? t(`flow.fieldOf.${verb}_${name}`) : word("field", name),
    help: (field: Field) => (te(`flow.help.${field.name}`) ? t(`flow.help.${field.name}`) : field.description),
    /** A node in the language of the page; its own name when nobody has given it words. */
    node: (name: string) => wordFor("node", name),
    way: (way: Way, verb: string) =>
      way.key ?? (te(`flow.fieldOf.${verb}_${way.field}`) ? t(`flow.fieldOf.${verb}_${way.field}`) : word("field", way.field)),
    fault: (fault: Fault) => {
      const holes = fault.holes ?? {};
      const key = `flow.fault.${fault.rule ?? ""}`;
      // A name that is the fault is shown as it is written; those of steps that are there in the words of the page.
      const steps = ["circle", "parts", "subflow"].filter((hole) => holes[hole] !== undefined);
      const named = steps.map((hole) => [hole, (holes[hole] ?? "").split(" → ").map((name) => wordFor("node", name)).join(" → ")]);
      if (fault.rule === undefined || !te(key)) return fault.message;
      return t(key, { ...holes, ...Object.fromEntries(named) }) + (holes["near"] ? t("flow.near", { near: holes["near"] }) : "");
    },
    failure: (failure: { code: string; message: string }, holes: Record<string, unknown> = {}) =>
      te(`flow.error.${failure.code}`)
        ? t(`flow.error.${failure.code}`, { ...holes, message: failure.message })
        : t("flow.error.other", failure as unknown as Record<string, unknown>),
  };
}

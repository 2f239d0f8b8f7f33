/** The words of administration: loaded with its pages; and its failures in words, with the field that they belong to. */
import { useI18n } from "vue-i18n";
import { ApiError } from "../api/http";
import { i18n } from "../i18n";
import en from "../i18n/admin.en";
import zh from "../i18n/admin.zh-CN";
import { fieldOf } from "./fault";

i18n.global.mergeLocaleMessage("zh-CN", { admin: zh });
i18n.global.mergeLocaleMessage("en", { admin: en });

/** What went wrong, and at which field of the form when it is one's. */
export interface Fault {
  field: string;
  text: string;
}

export function useWords() {
  const { t, te, locale } = useI18n();
  const m = (key: string, holes: Record<string, unknown> = {}): string => t(`admin.${key}`, holes);

  /** The words for a code; what only a newer server knows is shown by its own name. */
  function word(group: string, code: string | null | undefined): string {
    const found = code === null || code === undefined ? "" : `admin.${group}.${code}`;
    return found && te(found) ? t(found) : (code ?? "");
  }

  function failure(error: unknown): string {
    return fault(error).text;
  }

  function fault(error: unknown): Fault {
    if (!(error instanceof ApiError)) return { field: "", text: t("error.other", { message: String(error), code: "unknown" }) };
    const { code, message } = error.body;
    const field = fieldOf(error);
    if (code === "bad_input" && te(`admin.fault.${field}`)) return { field, text: m(`fault.${field}`) };
    const key = [`admin.error.${code}`, `error.${code}`].find((one) => te(one));
    return { field, text: t(key ?? "error.other", { message, code }) };
  }

  /** A name that comes in both languages, in that of the page. */
  function called(names: Record<string, string> | undefined, id: string): string {
    return names?.[locale.value === "en" ? "en" : "zh"] ?? id;
  }

  return { m, word, called, failure, fault, locale };
}

/** The words of the page of announcements: loaded with it; and its failures in words. */
import { useI18n } from "vue-i18n";
import { ApiError } from "../api/http";
import { i18n } from "../i18n";
import en from "../i18n/announce.en";
import zh from "../i18n/announce.zh-CN";

i18n.global.mergeLocaleMessage("zh-CN", { announce: zh });
i18n.global.mergeLocaleMessage("en", { announce: en });

export function useWords() {
  const { t, te } = useI18n();

  /** The words for a code; what only a newer server knows is shown by its own name. */
  function word(group: string, code: string, other = code): string {
    const key = `announce.${group}.${code}`;
    return te(key) ? t(key) : other;
  }

  /** What went wrong, by the field that cannot be or the error's code. */
  function failure(error: unknown): string {
    if (!(error instanceof ApiError)) return t("error.other", { message: String(error), code: "unknown" });
    const { code, message, details } = error.body;
    const area = details?.["area"];
    if (typeof area === "string") return t("announce.fault.area", { area });
    const field = details?.["field"];
    if (typeof field === "string" && te(`announce.fault.${field}`)) return t(`announce.fault.${field}`);
    for (const key of [`announce.error.${code}`, `error.${code}`]) if (te(key)) return t(key, { message });
    return t("error.other", { message, code });
  }

  return { word, failure, a: (key: string, holes: Record<string, unknown> = {}) => t(`announce.${key}`, holes) };
}

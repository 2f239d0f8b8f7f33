/** The words of the work area, loaded with it; and its failures in words. */
import { useI18n } from "vue-i18n";
import { ApiError } from "../api/http";
import { i18n } from "../i18n";
import en from "../i18n/work.en";
import zh from "../i18n/work.zh-CN";

i18n.global.mergeLocaleMessage("zh-CN", { work: zh });
i18n.global.mergeLocaleMessage("en", { work: en });

export function useWords() {
  const { t, te } = useI18n();

  /** The words for a code; what only a newer server knows is shown by its own name. */
  function word(group: string, code: string | null | undefined, other = code ?? ""): string {
    const key = `work.${group}.${code}`;
    return te(key) ? t(key) : other;
  }

  /** What went wrong, by the error's code. */
  function failure(error: unknown): string {
    if (!(error instanceof ApiError)) return t("error.other", { message: String(error), code: "unknown" });
    const { code, message, details } = error.body;
    const number = String(details?.["number"] ?? "");
    for (const key of [`work.error.${code}`, `error.${code}`]) if (te(key)) return t(key, { message, number });
    return t("error.other", { message, code });
  }

  return { word, failure, w: (key: string, holes: Record<string, unknown> = {}) => t(`work.${key}`, holes) };
}

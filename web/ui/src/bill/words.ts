/** The words of the page of a bill: loaded with it; and its failures in words. */
import { useI18n } from "vue-i18n";
import { ApiError } from "../api/http";
import { i18n } from "../i18n";
import en from "../i18n/bill.en";
import zh from "../i18n/bill.zh-CN";
import { saidIn } from "./said";

i18n.global.mergeLocaleMessage("zh-CN", { bill: zh });
i18n.global.mergeLocaleMessage("en", { bill: en });

export function useWords() {
  const { t, te, locale } = useI18n();

  function failure(error: unknown): string {
    if (!(error instanceof ApiError)) return t("error.other", { message: String(error), code: "unknown" });
    const { code } = error.body;
    const message = saidIn(error.body, locale.value);
    for (const key of [`bill.error.${code}`, `error.${code}`]) if (te(key)) return t(key, { message });
    return t("error.other", { message, code });
  }

  return { failure, locale, b: (key: string, holes: Record<string, unknown> = {}) => t(`bill.${key}`, holes) };
}

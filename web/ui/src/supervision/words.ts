/** The words of the supervisor's page: loaded with it; and its failures in words. */
import { useI18n } from "vue-i18n";
import { ApiError } from "../api/http";
import { i18n } from "../i18n";
import en from "../i18n/supervision.en";
import zh from "../i18n/supervision.zh-CN";

i18n.global.mergeLocaleMessage("zh-CN", { floor: zh });
i18n.global.mergeLocaleMessage("en", { floor: en });

export function useFloorWords() {
  const { t, te, locale } = useI18n();
  const f = (key: string, holes: Record<string, unknown> = {}): string => t(`floor.${key}`, holes);

  /** The words for a code; what only a newer server knows is shown by its own name. */
  function word(group: string, code: string): string {
    return te(`floor.${group}.${code}`) ? f(`${group}.${code}`) : code;
  }

  function failure(error: unknown): string {
    if (!(error instanceof ApiError)) return t("error.other", { message: String(error), code: "unknown" });
    const { code, message } = error.body;
    const mine = error.body.details?.state;
    if (code === "conflict" && typeof mine === "string" && te(`state.${mine}`)) return f("error.busy", { state: t(`state.${mine}`) });
    for (const key of [`floor.error.${code}`, `error.${code}`]) if (te(key)) return t(key, { message });
    return t("error.other", { message, code });
  }

  const list = (words: string[]): string => words.join(locale.value === "en" ? ", " : "、");
  return { f, t, word, failure, list, locale };
}

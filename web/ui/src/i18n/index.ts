/** The two languages, the one in use kept in the browser. */
import { createI18n } from "vue-i18n";
import en from "./en";
import zh from "./zh-CN";

export const LOCALES = ["zh-CN", "en"] as const;
export type LocaleName = (typeof LOCALES)[number];
const KEPT_AS = "hotline.locale";

function kept(): LocaleName {
  return localStorage.getItem(KEPT_AS) === "en" ? "en" : "zh-CN";
}

export const i18n = createI18n({
  legacy: false,
  locale: kept(),
  fallbackLocale: "zh-CN",
  messages: { "zh-CN": zh, en },
  // A code that a newer server sends has no words yet; the page shows the code itself.
  missingWarn: false,
  fallbackWarn: false,
});

export function useLocale(name: LocaleName): void {
  i18n.global.locale.value = name;
  localStorage.setItem(KEPT_AS, name);
  document.documentElement.lang = name;
}

/** The words for `code` in `group` (`a.b`), or the code itself when there are none; any text may be a code. */
export function wordFor(group: string, code: string | null | undefined): string {
  if (code === null || code === undefined || code === "") return "";
  const words = i18n.global.locale.value === "en" ? en : zh;
  const found = [...group.split("."), code].reduce<unknown>(
    (part, key) => (typeof part === "object" && part !== null ? (part as Record<string, unknown>)[key] : undefined),
    words,
  );
  return typeof found === "string" ? found : code;
}

/** The two languages: the one that was chosen here is kept in the browser, until then it is the browser's own. */
import { createI18n } from "vue-i18n";
import en from "./en";
import zh from "./zh-CN";

export const LOCALES = ["zh-CN", "en"] as const;
export type LocaleName = (typeof LOCALES)[number];
const KEPT_AS = "hotline.locale";

/** The first of the browser's languages that there are words in; English for who reads neither. */
export function spoken(languages: readonly string[]): LocaleName {
  const known = languages.find((one) => /^(zh|en)\b/i.test(one)) ?? "en";
  return known.toLowerCase().startsWith("zh") ? "zh-CN" : "en";
}

function kept(): LocaleName {
  const chosen = LOCALES.find((one) => one === localStorage.getItem(KEPT_AS));
  return chosen ?? spoken(navigator.languages);
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

/** Show the page in this language; not kept, so that a browser whose language changes is followed. */
export function showIn(name: LocaleName): void {
  i18n.global.locale.value = name;
  document.documentElement.lang = name;
}

/** Show the page in the language that was chosen, now and later. */
export function useLocale(name: LocaleName): void {
  showIn(name);
  localStorage.setItem(KEPT_AS, name);
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

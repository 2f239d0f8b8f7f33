/** Why a rule did something: the server sends codes and figures (docs/how-to/storm.md), the page makes a sentence of them. */
import { useI18n } from "vue-i18n";
import { duration } from "./time";

export interface Ruled {
  code: string;
  figures: Record<string, string>;
}

const FORMS: [RegExp, (found: string[]) => Ruled][] = [
  [/^(queue_length|service_level|arrivals|weather) ([\d.e+]+), limit ([\d.]+)$/, ([code, now, limit]) => ({ code, figures: { now, limit } }) as Ruled],
  [/^(\d+) waiting, limit (\d+)$/, ([now, limit]) => ({ code: "queue_length", figures: { now, limit } }) as Ruled],
  [/^forecast (\d+)% in time, limit (\d+)%$/, ([now, limit]) => ({ code: "forecast", figures: { now, limit } }) as Ruled],
  [/^weather notice (blue|yellow|orange|red): (.*)$/s, ([level, text]) => ({ code: "notice", figures: { level, text } }) as Ruled],
  [/^calm for (\d+) s$/, ([seconds]) => ({ code: "calm", figures: { seconds } }) as Ruled],
  [/^quiet for (\d+) s$/, ([seconds]) => ({ code: "calm", figures: { seconds } }) as Ruled],
  [/^storm mode is off$/, () => ({ code: "over", figures: {} })],
  [/^storm mode$/, () => ({ code: "storm", figures: {} })],
  [/^storm mode: (.*)$/s, ([why]) => ({ code: "stormFor", figures: { why } }) as Ruled],
];
const LEVELS = ["none", "blue", "yellow", "orange", "red"];

/** What a rule gave as its reason; null for words of a person or of a newer server. */
export function ruled(why: string): Ruled | null {
  for (const [form, read] of FORMS) {
    const found = form.exec(why);
    if (found !== null) return read(found.slice(1));
  }
  return null;
}

export function useRuled() {
  const { t } = useI18n();
  const level = (figure: string | number | undefined): string => t(`ruled.level.${LEVELS[Number(figure)] ?? "other"}`, { figure });

  /** A rule's reason in words; a person's as it stands. */
  function inWords(why: string): string {
    const found = ruled(why);
    if (found === null) return why;
    const { code, figures } = found;
    if (code === "weather") return t("ruled.weather", { now: level(figures["now"]), limit: level(figures["limit"]) });
    if (code === "notice") return t("ruled.notice", { level: t(`ruled.level.${figures["level"]}`), text: figures["text"] });
    if (code === "calm") return t("ruled.calm", { time: duration(Number(figures["seconds"])) });
    if (code === "stormFor") return t("ruled.stormFor", { why: inWords(figures["why"] ?? "") });
    return t(`ruled.${code}`, figures);
  }

  return { inWords, level };
}

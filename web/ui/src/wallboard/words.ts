/** The words of the wallboard: loaded with it; and its alarms in words. */
import { useI18n } from "vue-i18n";
import type { Alarm, Board } from "../api/wallboard";
import { useRuled } from "../desktop/ruled";
import { duration, hourMinute } from "../desktop/time";
import { i18n } from "../i18n";
import en from "../i18n/board.en";
import zh from "../i18n/board.zh-CN";
import { share } from "./figures";

/** A longer one would hide what is wrong with whom it names. */
const LONGEST_NAME = 16;

i18n.global.mergeLocaleMessage("zh-CN", { board: zh });
i18n.global.mergeLocaleMessage("en", { board: en });

export function useBoardWords() {
  const { t, te, locale } = useI18n();
  const { inWords } = useRuled();
  const b = (key: string, holes: Record<string, unknown> = {}): string => t(`board.${key}`, holes);

  /** What an alarm says; one that only a newer server knows is shown by its code. */
  function alarmText(alarm: Alarm, board: Board): string {
    const { code, about, value, limit, since } = alarm;
    const called =
      board.queues.find((one) => one.id === about)?.name ??
      board.agents.find((one) => one.id === about)?.display_name ??
      about;
    const name = called.length > LONGEST_NAME ? `${called.slice(0, LONGEST_NAME - 1)}…` : called;
    const known = te(`board.alarm.${code}`) ? `alarm.${code}` : "alarm.other";
    const key = code === "storm" && about !== "" ? "alarm.stormFor" : known;
    return b(key, {
      code,
      why: inWords(about),
      name,
      count: value,
      value: duration(value ?? 0),
      limit: duration(limit ?? 0),
      share: share(value),
      goal: limit,
      since: hourMinute(since, { locale: locale.value, zone: board.timezone }),
    });
  }

  return { b, t, locale, alarmText };
}

/** What components share: the desktop with words, times and the telling of failures in the page's language. */
import { ElMessage } from "element-plus/es/components/message/index";
import "element-plus/es/components/message/style/css";
import { computed } from "vue";
import { useI18n } from "vue-i18n";
import type { Choice, Command } from "../api/types";
import { wordFor } from "../i18n";
import { useDesktop, type Outcome } from "./store";
import { clock, dayAndTime, hourMinute, siteDay, type When } from "./time";

/** Shown before the server has named the site's zone. */
const ZONE_BEFORE_HELLO = "Asia/Shanghai";

export function useView() {
  const desktop = useDesktop();
  const { t, te, locale } = useI18n();
  const when = computed<When>(() => ({
    locale: locale.value,
    zone: desktop.state.value.site?.timezone ?? ZONE_BEFORE_HELLO,
  }));
  const live = computed(() => desktop.link.value === "live" || desktop.link.value === "stale");

  function explain(outcome: Extract<Outcome, { ok: false }>): string {
    const { code, message } = outcome;
    return te(`error.${code}`) ? t(`error.${code}`, { message }) : t("error.other", { message, code });
  }

  /** A list of the installation in the language of the page. */
  function choices(list: Choice[]): { code: string; label: string }[] {
    const language = locale.value === "en" ? "en" : "zh";
    return list.map(({ code, label, names }) => ({ code, label: names[language] ?? label }));
  }
  const reasons = computed(() => choices(desktop.state.value.notReadyReasons));
  const results = computed(() => choices(desktop.state.value.resultCodes));

  /** Do it, and say so when it did not work. */
  async function ask(command: Command): Promise<boolean> {
    const outcome = await desktop.run(command);
    if (!outcome.ok) ElMessage({ type: "error", message: explain(outcome), duration: 8000, showClose: true });
    return outcome.ok;
  }

  function reasonLabel(code: string | null | undefined): string {
    // The system's own causes stand in `reason` too, when they say why no call is offered.
    return reasons.value.find((one) => one.code === code)?.label ?? wordFor("cause", code);
  }

  /** A code that is no longer in the list is told as it is. */
  function resultLabel(code: string): string {
    return results.value.find((one) => one.code === code)?.label ?? code;
  }

  function queueName(id: string | null | undefined): string {
    return desktop.state.value.queues.find((queue) => queue.id === id)?.name ?? id ?? "";
  }

  return {
    ...desktop,
    queueName,
    t,
    te,
    locale,
    live,
    ask,
    wordFor,
    reasons,
    reasonLabel,
    results,
    resultLabel,
    clockOf: (iso: string | null | undefined) => clock(iso, when.value),
    minuteOf: (iso: string | null | undefined) => hourMinute(iso, when.value),
    when,
    siteToday: computed(() => siteDay(desktop.now.value, when.value)),
    dayOf: (iso: string | null | undefined) => dayAndTime(iso, when.value, desktop.now.value),
  };
}

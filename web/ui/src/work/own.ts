/** The figures of one's own day out of the counts of the server; nothing is shown that cannot be said. */
import type { Duty, Kpi } from "../api/shift";
import { duration } from "../desktop/time";

/** Formulas asked for (docs/reference/kpi.md). */
export const VARIANTS = ["AHT-1", "OCC-1", "CSAT-1"] as const;

export const NAMES = ["answered", "dialled", "missed", "handle", "wrapUp", "occupancy", "adherence", "satisfied"] as const;
export type Figure = (typeof NAMES)[number];

const MICROSECONDS = 1_000_000;
export const NOTHING = "–";

const percent = (value: string | null | undefined): string => (value == null ? NOTHING : `${Math.round(Number(value))} %`);

export function figuresOf(kpi: Kpi, adherence: number | null): Record<Figure, string> {
  const { counts, figures } = kpi.total;
  const count = (symbol: string): number => counts[symbol] ?? 0;
  const handled = count("A") + count("D");
  const handle = figures["AHT-1"];
  return {
    answered: String(handled),
    dialled: String(count("OUT")),
    missed: String(count("M")),
    handle: handle == null ? NOTHING : duration(Number(handle)),
    wrapUp: handled === 0 ? NOTHING : duration(count("ACW") / MICROSECONDS / handled),
    occupancy: percent(figures["OCC-1"]),
    adherence: adherence === null ? NOTHING : `${Math.round(adherence * 100)} %`,
    satisfied: percent(figures["CSAT-1"]),
  };
}

/** The duty that goes on at `now` (ms) or begins next. */
export function nextDuty(duties: readonly Duty[], now: number): Duty | null {
  const coming = duties.filter((one) => Date.parse(one.until) > now);
  return coming.reduce<Duty | null>((first, one) => (first === null || Date.parse(one.from) < Date.parse(first.from) ? one : first), null);
}

export const goesOn = (duty: Duty, now: number): boolean => Date.parse(duty.from) <= now && now < Date.parse(duty.until);

/** The day after `day` (`2026-11-23`), `days` later. */
export const later = (day: string, days: number): string => new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);

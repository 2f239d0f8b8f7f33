/** Times and durations as the desktop writes them: the site's zone, the server's clock, fixed widths. */

export interface When {
  locale: string;
  /** IANA zone of the site. */
  zone: string;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(when: When, name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${name}|${when.locale}|${when.zone}`;
  let made = formats.get(key);
  if (made === undefined) {
    made = new Intl.DateTimeFormat(when.locale, { ...options, timeZone: when.zone, hourCycle: "h23" });
    formats.set(key, made);
  }
  return made;
}

/** `14:05:09`; an empty string for a time that is missing or unreadable. */
export function clock(iso: string | null | undefined, when: When): string {
  return written(iso, format(when, "clock", { hour: "2-digit", minute: "2-digit", second: "2-digit" }));
}

/** `14:05`. */
export function hourMinute(iso: string | null | undefined, when: When): string {
  return written(iso, format(when, "hm", { hour: "2-digit", minute: "2-digit" }));
}

/** `11-22 14:05`, without the year; the year is there when it is not that of `now`. */
export function dayAndTime(iso: string | null | undefined, when: When, now: number): string {
  if (iso === null || iso === undefined) return "";
  const time = Date.parse(iso);
  if (Number.isNaN(time)) return "";
  const parts = partsOf(time, when);
  const year = parts.year === partsOf(now, when).year ? "" : `${parts.year}-`;
  return `${year}${parts.month}-${parts.day} ${parts.hour}:${parts.minute}`;
}

/** The name of the site's time, such as `China Standard Time`. */
export function zoneName(when: When): string {
  const parts = new Intl.DateTimeFormat(when.locale, { timeZone: when.zone, timeZoneName: "long" }).formatToParts(0);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? when.zone;
}

/** What the clocks of the site show then, as `2026-11-23T08:30`; the way back is `instantAt`. */
export function wallTime(iso: string, when: When): string {
  const { year, month, day, hour, minute } = partsOf(Date.parse(iso), when);
  return `${year}-${month}-${day}T${hour}:${minute}`;
}

/** The day at the site, as `2026-11-22`, in the form of a bill's due date. */
export function siteDay(now: number, when: When): string {
  const { year, month, day } = partsOf(now, when);
  return `${year}-${month}-${day}`;
}

function partsOf(time: number, when: When): Record<string, string> {
  const made = format({ ...when, locale: "en-GB" }, "parts", {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  });
  return Object.fromEntries(made.formatToParts(time).map((part) => [part.type, part.value]));
}

function written(iso: string | null | undefined, made: Intl.DateTimeFormat): string {
  if (iso === null || iso === undefined) return "";
  const time = Date.parse(iso);
  return Number.isNaN(time) ? "" : made.format(time);
}

/** Seconds as `0:07`, `12:30` or `1:02:03`; never negative. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(Number.isFinite(seconds) ? seconds : 0));
  const pad = (n: number): string => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`;
}

/** Seconds between two times; `until` may be null for "still going on", then `now` counts. */
export function secondsBetween(from: string | null, until: string | null, now: number): number {
  if (from === null) return 0;
  const end = until === null ? now : Date.parse(until);
  return Math.max(0, (end - Date.parse(from)) / 1000);
}

/** The instant (ms) at which the clocks of `zone` show `wall` (`2026-11-23T08:30`); NaN for what is no time. */
export function instantAt(wall: string, zone: string): number {
  const asUtc = Date.parse(`${wall}Z`);
  if (Number.isNaN(asUtc)) return asUtc;
  const shown = new Intl.DateTimeFormat("en-CA", { timeZone: zone, dateStyle: "short", timeStyle: "medium", hourCycle: "h23" });
  const ahead = (at: number): number => Date.parse(`${shown.format(at).replace(", ", "T")}Z`) - Math.floor(at / 1000) * 1000;
  // The second look is for the hours in which a zone's clocks were moved.
  return asUtc - ahead(asUtc - ahead(asUtc));
}

/** Durations and moments, as people read them. */

/** Whole seconds from `now` until `at` (both milliseconds), never below zero; null for no moment. */
export function secondsUntil(at: string | null, now: number): number | null {
  if (!at) return null;
  const moment = Date.parse(at);
  return Number.isNaN(moment) ? null : Math.max(0, Math.ceil((moment - now) / 1000));
}

/** "0:09", "4:30" or "1:02:03". */
export function clockText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] === 0 ? parts.slice(1) : parts;
  return shown.map((part, index) => (index ? String(part).padStart(2, "0") : String(part))).join(":");
}

/** "4 ms", "0.8 sec" or "12 sec"; from a minute on "1:12", and under one millisecond it is said so. */
export function millisecondsText(milliseconds: number, locale: string): string {
  if (milliseconds >= 60_000) return clockText(milliseconds / 1000);
  if (milliseconds < 1) return `< ${millisecondsText(1, locale)}`;
  const isShort = milliseconds < 100;
  return new Intl.NumberFormat(locale, {
    style: "unit",
    unit: isShort ? "millisecond" : "second",
    unitDisplay: "short",
    maximumFractionDigits: isShort || milliseconds >= 10_000 ? 0 : 1,
  }).format(isShort ? milliseconds : milliseconds / 1000);
}

/** Seconds that a run took or has taken so far; null while it waits. */
export function runSeconds(startedAt: string | null, finishedAt: string | null, now: number): number | null {
  if (!startedAt) return null;
  const end = finishedAt ? Date.parse(finishedAt) : now;
  return Math.max(0, (end - Date.parse(startedAt)) / 1000);
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** "3 minutes ago"; under a minute it is `justNow`. */
export function agoText(at: string, now: number, locale: string, justNow: string): string {
  const seconds = Math.max(0, (now - Date.parse(at)) / 1000);
  const step = STEPS.find(([, size]) => seconds >= size);
  if (!step) return justNow;
  const format = new Intl.RelativeTimeFormat(locale, { style: "short", numeric: "auto" });
  return format.format(-Math.floor(seconds / step[1]), step[0]);
}

export function momentText(at: string, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" }).format(new Date(at));
}

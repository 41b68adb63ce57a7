import { useI18n } from "vue-i18n";

import type { MeasureKind } from "@/api/budgetTypes";
import type { Author } from "@/api/types";
import { dollarsText } from "@/support/money";
import { agoText, millisecondsText, momentText } from "@/support/time";

/** Names and times in the words of the page. */
export function useWords() {
  const { t, te, locale } = useI18n();

  /** A word of the catalogue, or the server's own for a role added to this installation. */
  function known(group: "role" | "fileLabel" | "operation" | "trigger" | "step", key: string, other = key): string {
    const path = `${group}.${key}`;
    return te(path) ? t(path) : other;
  }

  function roleName(role: string, other?: string): string {
    return known("role", role, other ?? role);
  }

  function fileLabel(file: { role: string | null; label: string }): string {
    return file.role ? known("fileLabel", file.role, file.label) : file.label;
  }

  function authorName(author: Author): string {
    if (author.role) return roleName(author.role, author.name);
    return author.kind === "external" || author.kind === "system" ? t(`author.${author.kind}`) : author.name;
  }

  /** The server's reasons are parts of sentences; alone they begin with a capital, file names apart. */
  function sentence(reason: string): string {
    if (/^\S+\.\w/.test(reason)) return reason;
    return reason.charAt(0).toLocaleUpperCase(locale.value) + reason.slice(1);
  }

  function ago(at: string, now: number): string {
    return agoText(at, now, locale.value, t("app.justNow"));
  }

  function moment(at: string): string {
    return momentText(at, locale.value);
  }

  function number(value: number | null): string {
    return value === null ? t("app.unknown") : new Intl.NumberFormat(locale.value).format(value);
  }

  function duration(milliseconds: number): string {
    return millisecondsText(milliseconds, locale.value);
  }

  function dollars(value: string): string {
    return dollarsText(value, locale.value);
  }

  /** An amount of what a budget counts, with its unit. */
  function amount(kind: MeasureKind, value: string): string {
    if (kind === "cost") return dollars(value);
    return t(kind === "calls" ? "budget.calls" : "budget.tokens", { count: number(Number(value)) });
  }

  return {
    t, te, locale, known, roleName, fileLabel, authorName, sentence, ago, moment, number, duration, dollars,
    amount,
  };
}

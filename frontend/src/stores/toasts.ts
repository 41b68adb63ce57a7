import { defineStore } from "pinia";
import { ref } from "vue";

import { ApiError } from "@/api/http";
import { i18n } from "@/support/i18n";

export interface Toast {
  id: number;
  text: string;
  tone: "plain" | "bad";
  action?: ToastAction;
}

/** What may be done about it while the toast is there. */
export interface ToastAction {
  label: string;
  run: () => void;
}

const SHOWN = 6_000;
const SHOWN_WITH_ACTION = 15_000;

/** Short sentences at the edge of the page, each gone after a while. */
export const useToasts = defineStore("toasts", () => {
  const list = ref<Toast[]>([]);
  let count = 0;

  function say(text: string, tone: Toast["tone"] = "plain", action?: ToastAction): void {
    const id = ++count;
    list.value.push({ id, text, tone, ...(action ? { action } : {}) });
    setTimeout(() => dismiss(id), action ? SHOWN_WITH_ACTION : SHOWN);
  }

  function dismiss(id: number): void {
    list.value = list.value.filter((toast) => toast.id !== id);
  }

  /** Carry out an action; when it fails, say why and give back null. */
  async function guard<Result>(action: Promise<Result>): Promise<Result | null> {
    try {
      return await action;
    } catch (error) {
      say(errorText(error), "bad");
      return null;
    }
  }

  return { list, say, dismiss, guard };
});

/** The sentence for a failure: the server's own where it gave one. */
export function errorText(error: unknown): string {
  const { t } = i18n.global;
  if (!(error instanceof ApiError)) return t("error.other");
  if (error.status === 0) return t("error.unreachable");
  if (error.status === 401) return t("error.signedOut");
  if (error.problem.detail) return error.problem.detail;
  if (error.status === 403) return t("error.forbidden");
  if (error.status === 404) return t("error.missing");
  return error.isPassing ? t("error.busy") : t("error.other");
}

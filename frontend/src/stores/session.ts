import { defineStore } from "pinia";
import { ref, shallowRef } from "vue";

import { listModels } from "@/api/agents";
import { readCookie } from "@/api/http";
import type { Language, ModelList, Person } from "@/api/types";
import { speak } from "@/support/i18n";
import type { PageContext } from "@/support/page";

export type Theme = "system" | "light" | "dark";

/** Who is here, in which language and light, and which models this installation reaches. */
export const useSession = defineStore("session", () => {
  const user = shallowRef<Person | null>(null);
  const language = ref<Language>("en");
  const theme = ref<Theme>("system");
  const models = shallowRef<ModelList | null>(null);
  const accountPage = ref("");
  let context: PageContext | null = null;

  async function begin(page: PageContext): Promise<void> {
    context = page;
    user.value = page.user;
    language.value = page.language;
    accountPage.value = page.paths.account;
    const stored = document.documentElement.dataset["theme"];
    theme.value = stored === "light" || stored === "dark" ? stored : "system";
    await speak(page.language);
  }

  async function loadModels(): Promise<void> {
    models.value = await listModels().catch(() => null);
  }

  /** Change the language of the page at once, and of the server's sentences from now on. */
  async function chooseLanguage(next: Language): Promise<void> {
    await speak(next);
    language.value = next;
    await post(context?.paths.language, { language: next }).catch(() => null);
  }

  function chooseTheme(next: Theme): void {
    theme.value = next;
    if (next === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = next;
    const age = next === "system" ? 0 : 31_536_000;
    document.cookie = `${context?.theme_cookie}=${next}; path=/; max-age=${age}; SameSite=Lax`;
  }

  async function signOut(): Promise<void> {
    const answer = await post(context?.paths.sign_out, {});
    window.location.assign(answer.url);
  }

  function post(path: string | undefined, fields: Record<string, string>): Promise<Response> {
    return fetch(path ?? "/", {
      method: "POST",
      headers: { "X-CSRFToken": readCookie(context?.csrf_cookie ?? "csrftoken") },
      body: new URLSearchParams(fields),
      credentials: "same-origin",
      keepalive: true, // The page may be left at once.
    });
  }

  return {
    user, language, theme, models, accountPage,
    begin, loadModels, chooseLanguage, chooseTheme, signOut,
  };
});

import { createI18n } from "vue-i18n";

import type { Language } from "@/api/types";
import type { Catalogue } from "@/locales/en";

const CATALOGUES: Record<Language, () => Promise<Catalogue>> = {
  en: () => import("@/locales/en").then((module) => module.en),
  fr: () => import("@/locales/fr").then((module) => module.fr),
};

export const i18n = createI18n<[Catalogue], Language, false>({
  legacy: false,
  locale: "en",
  missingWarn: false,
  fallbackWarn: false,
  // French counts nothing as one.
  pluralRules: { fr: (count: number) => (Math.abs(count) < 2 ? 0 : 1) },
  messages: {} as Record<Language, Catalogue>,
});

/** Load a catalogue and speak its language from now on. */
export async function speak(language: Language): Promise<void> {
  i18n.global.setLocaleMessage(language, await CATALOGUES[language]());
  i18n.global.locale.value = language;
  document.documentElement.lang = language;
}

/** What the server put into the page for this script. */

import type { Language, Person } from "@/api/types";

export interface PageContext {
  user: Person;
  language: Language;
  csrf_cookie: string;
  theme_cookie: string;
  paths: { editor: string; language: string; account: string; sign_out: string };
}

export function readContext(): PageContext {
  const element = document.getElementById("page-context");
  return JSON.parse(element?.textContent ?? "{}") as PageContext;
}

/** The nonce that the content security policy wants on style elements made by the editor. */
export function cspNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? "";
}

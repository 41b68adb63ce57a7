
import { describe, expect, it } from "vitest";

import { en } from "@/locales/en";
import { fr } from "@/locales/fr";

type Tree = { [key: string]: string | Tree };

function flatten(tree: Tree, prefix = ""): Map<string, string> {
  const entries = Object.entries(tree).flatMap(([key, value]) =>
    typeof value === "string" ? [[prefix + key, value] as const] : [...flatten(value, `${prefix}${key}.`)],
  );
  return new Map(entries);
}

const english = flatten(en);
const french = flatten(fr);
const placeholders = (text: string) => [...new Set(text.match(/\{\w+\}/g))].sort();
const forms = (text: string) => text.split(" | ").length;

describe("catalogues", () => {
  it("have the same entries in both languages, none empty", () => {
    expect([...french.keys()]).toEqual([...english.keys()]);
    for (const text of [...english.values(), ...french.values()]) expect(text.trim()).not.toBe("");
  });

  it("have the same places to fill in and the same plural forms", () => {
    const shape = (texts: Map<string, string>) =>
      [...texts].map(([key, text]) => [key, placeholders(text), forms(text)]);

    expect(shape(french)).toEqual(shape(english));
  });

  it("have every entry that the pages ask for", () => {
    const sources = import.meta.glob<string>("../src/**/*.{vue,ts}", { query: "?raw", import: "default", eager: true });
    const asked = Object.values(sources).flatMap((source) =>
      [...source.matchAll(/\bt\(\s*"([\w.]+)"/g)].map((match) => match[1] ?? ""),
    );

    expect(asked.length).toBeGreaterThan(100);
    expect(asked.filter((key) => !english.has(key))).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";

import { priceText } from "@/support/prices";

const price = (input: string, output: string) => ({
  price: { input, output, cache_read: input, cache_write: input },
});

describe("priceText", () => {
  it("tells dollars in and out", () => {
    expect(priceText(price("3", "15"), "en")).toBe("$3 / $15");
    expect(priceText(price("0.15", "0.6"), "en")).toBe("$0.15 / $0.6");
  });

  it("speaks the person's language", () => {
    expect(priceText(price("0.15", "15"), "fr")).toMatch(/^0,15\s\$ \/ 15\s\$$/u);
  });

  it("says nothing of what is not known or costs nothing", () => {
    expect(priceText({ price: null }, "en")).toBe("");
    expect(priceText(price("0", "0"), "en")).toBe("");
  });
});

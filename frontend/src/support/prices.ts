import type { ModelOption } from "@/api/types";

/** What a million tokens cost, in and out, such as "$3 / $15"; empty where nobody told or nothing is paid. */
export function priceText({ price }: Pick<ModelOption, "price">, locale: string): string {
  if (!price || (Number(price.input) === 0 && Number(price.output) === 0)) return "";
  const dollars = new Intl.NumberFormat(locale, {
    style: "currency",
    currency: "USD",
    currencyDisplay: "narrowSymbol",
    minimumFractionDigits: 0,
    maximumFractionDigits: 3,
  });
  return `${dollars.format(Number(price.input))} / ${dollars.format(Number(price.output))}`;
}

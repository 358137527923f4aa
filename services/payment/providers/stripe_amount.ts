import { exponentOf, type Money } from "../../shared/money.ts";

/**
 * Stripe's decimals where they are not 2, as https://docs.stripe.com/currencies documents them: of zero-decimal
 * currencies the amount is the whole one (also of MGA, to which ISO 4217 gives 2); the three-decimal ones are five.
 */
const DECIMALS: Record<string, number> = {
  ...Object.fromEntries(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
      .map((currency) => [currency, 0]),
  ),
  ...Object.fromEntries(["BHD", "JOD", "KWD", "OMR", "TND"].map((currency) => [currency, 3])),
  // Special cases: they have no decimals, yet Stripe takes them with two, for old clients' sake, and both must be 0.
  ISK: 2,
  UGX: 2,
};

/** Currencies with minor units that Stripe does not know: it has none of more than these decimals. */
const UNKNOWN_TO_STRIPE = new Set(["IQD", "LYD", "CLF", "UYW", "UYI"]);

/** An amount in Stripe's units; undefined if Stripe can't charge exactly that. It is never rounded: the ledger is exact. */
export function toStripe({ amount, currency }: Money): number | undefined {
  if (UNKNOWN_TO_STRIPE.has(currency)) return undefined;
  const shift = decimalsOf(currency) - exponentOf(currency);
  const exact = shift >= 0 ? amount * 10 ** shift : amount / 10 ** -shift;
  if (!Number.isSafeInteger(exact)) return undefined;
  // Of three decimals, the last must be 0, for card networks know two.
  if (decimalsOf(currency) === 3 && exact % 10 !== 0) return undefined;
  return exact;
}

/** Stripe's amount in our minor units. Throws a RangeError if it is a fraction of one. */
export function fromStripe(amount: number, currency: string): number {
  const shift = exponentOf(currency) - decimalsOf(currency);
  const exact = shift >= 0 ? amount * 10 ** shift : amount / 10 ** -shift;
  if (!Number.isSafeInteger(exact)) {
    throw new RangeError(`Cannot read Stripe's ${amount} ${currency} as it is no whole amount.`);
  }
  return exact;
}

function decimalsOf(currency: string): number {
  return DECIMALS[currency] ?? 2;
}

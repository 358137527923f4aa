import type { Money } from "../../proto/gen/nano/common/v1/common.ts";
import { invalid } from "./errors.ts";

export type { Money };

/** The largest amount of anything, in minor units: far below 2^53, so that sums of many stay exact. */
export const MAX_AMOUNT = 1_000_000_000_000;

/** Currencies whose minor unit is not a hundredth (ISO 4217). */
const EXPONENTS: Record<string, number> = {
  BIF: 0,
  CLP: 0,
  DJF: 0,
  GNF: 0,
  ISK: 0,
  JPY: 0,
  KMF: 0,
  KRW: 0,
  PYG: 0,
  RWF: 0,
  UGX: 0,
  UYI: 0,
  VND: 0,
  VUV: 0,
  XAF: 0,
  XOF: 0,
  XPF: 0,
  BHD: 3,
  IQD: 3,
  JOD: 3,
  KWD: 3,
  LYD: 3,
  OMR: 3,
  TND: 3,
  CLF: 4,
  UYW: 4,
};

const KNOWN = new Set(Intl.supportedValuesOf("currency"));

/** Whether a text is the ISO 4217 code of a currency in use. */
export function isCurrency(code: string): boolean {
  return KNOWN.has(code);
}

/** How many decimals a currency has: 2 for USD, 0 for JPY, 3 for KWD. */
export function exponentOf(currency: string): number {
  return EXPONENTS[currency] ?? 2;
}

/** An amount in minor units of a currency. Throws a RangeError unless it is a safe integer. */
export function money(amount: number, currency: string): Money {
  if (!Number.isSafeInteger(amount)) {
    throw new RangeError(`Cannot make money as amount must be a safe integer: it is ${amount}.`);
  }
  return { amount, currency };
}

/** The sum of two amounts of one currency. Throws `currency_mismatch`. */
export function add(a: Money, b: Money): Money {
  sameCurrency(a.currency, b.currency);
  return money(a.amount + b.amount, a.currency);
}

/** Refuses two currencies that differ. Throws `currency_mismatch`. */
export function sameCurrency(wanted: string, given: string, pointer?: string): void {
  if (wanted !== given) throw invalid("currency_mismatch", `The currency must be ${wanted}: it is ${given}.`, pointer);
}

/** a × b ÷ c for integers, rounded half away from zero, exact at any size. */
export function mulDiv(a: number, b: number, c: number): number {
  const product = BigInt(a) * BigInt(b) * 2n;
  const divisor = BigInt(c) * 2n;
  const half = BigInt(c);
  const rounded = product >= 0n ? (product + half) / divisor : (product - half) / divisor;
  return Number(rounded);
}

/** Money as people write it in a locale: "$12.34". */
export function formatMoney(value: Money, locale = "en-US"): string {
  const digits = exponentOf(value.currency);
  return new Intl.NumberFormat(locale, {
    style: "currency",
    currency: value.currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
    .format(value.amount / 10 ** digits);
}

import type { Money } from "../../proto/gen/nano/common/v1/common.ts";
import { invalid } from "./errors.ts";
import { numberFormat } from "./formats.ts";

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

/**
 * Reads an amount as people write it ("12.34", "1,234.50", "1.234,50 €", "12") in minor units; undefined for anything
 * else, also where it has more decimals than the currency. Where one mark could be either, such as in "1,234", the
 * locale decides. Not negative.
 */
export function parseMoney(text: string, currency: string, locale = "en-US"): Money | undefined {
  const bare = text.replace(currency, "").replace(/[\s\u00a0\u202f'’]|\p{Sc}/gu, "");
  const match = /^(\d[\d.,]*)$/.exec(bare);
  if (!match?.[1]) return undefined;
  const digits = exponentOf(currency);
  const marks = match[1].replaceAll(/\d/g, "");
  const last = marks.at(-1) ?? "";
  const after = last ? match[1].length - match[1].lastIndexOf(last) - 1 : 0;
  const grouped = marks.length > 1 && new Set(marks).size === 1;
  const group = last !== "" && (grouped || (marks.length === 1 && after === 3 && isGroupMark(last, digits, locale)));
  const [whole = "", fraction = ""] = group || !last
    ? [match[1]]
    : [match[1].slice(0, -after - 1), match[1].slice(match[1].length - after)];
  const groups = whole.split(/[.,]/);
  const [first = "", ...more] = groups;
  if (more.some((part) => part.length !== 3) || first.length < 1 || (more.length > 0 && first.length > 3)) {
    return undefined;
  }
  if (new Set(whole.replaceAll(/\d/g, "")).size > 1 || (!group && last && whole.includes(last))) return undefined;
  if (fraction.length > digits || (last && !group && fraction === "")) return undefined;
  const amount = Number(groups.join("") + fraction.padEnd(digits, "0"));
  return Number.isSafeInteger(amount) && amount <= MAX_AMOUNT ? { amount, currency } : undefined;
}

function isGroupMark(mark: string, digits: number, locale: string): boolean {
  if (digits === 0) return true;
  const parts = numberFormat(locale, { numberingSystem: "latn" }).formatToParts(1.5);
  return parts.find((part) => part.type === "decimal")?.value !== mark;
}

/** An amount as a plain decimal, for tables: "1234.50". */
export function toDecimal({ amount, currency }: Money): string {
  const digits = exponentOf(currency);
  const text = String(Math.abs(amount)).padStart(digits + 1, "0");
  const sign = amount < 0 ? "-" : "";
  return sign + (digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`);
}

/** Money as people write it in a locale: "$12.34". */
export function formatMoney(value: Money, locale = "en-US"): string {
  const digits = exponentOf(value.currency);
  const format = numberFormat(locale, {
    style: "currency",
    currency: value.currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return format.format(value.amount / 10 ** digits);
}

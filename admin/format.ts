import { dateFormat, numberFormat, spanFormat } from "../services/shared/formats.ts";
import { exponentOf, formatMoney, parseMoney as readMoney } from "../services/shared/money.ts";
import type { Money } from "./types.ts";

/** Money as people write it: "$12.34". */
export function money(value: Money, locale: string): string {
  return formatMoney(value, locale);
}

/** A number as people write it: "12,345". */
export function number(value: number, locale: string, options?: Intl.NumberFormatOptions): string {
  return numberFormat(locale, options).format(value);
}

/** The amount of money for a text field: "12.34", with the locale's decimal sign and nothing else. */
export function moneyField(value: Money, locale: string): string {
  const digits = exponentOf(value.currency);
  return numberFormat(locale, {
    useGrouping: false,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    numberingSystem: "latn",
  }).format(value.amount / 10 ** digits);
}

/** Minor units of what somebody typed: "12.34", "1,234.50" or "12,34". Undefined for what is no amount of the currency. */
export function parseMoney(text: string, currency: string, locale: string): number | undefined {
  return readMoney(text, currency, locale)?.amount;
}

/** A point in time: "22 Nov 2026, 09:30". In UTC, as the figures' days are. */
export function dateTime(time: string, locale: string): string {
  return dateFormat(locale, { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" })
    .format(new Date(time));
}

/** A day: "22 Nov 2026". */
export function date(time: string, locale: string): string {
  return dateFormat(locale, { dateStyle: "medium", timeZone: "UTC" }).format(new Date(time));
}

const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60]] as const;

/** How long ago: "2 min ago"; beyond a week the day. */
export function ago(time: string, locale: string, now = Date.now()): string {
  const seconds = Math.round((now - Date.parse(time)) / 1000);
  if (seconds > 7 * 86_400 || seconds < -60) return date(time, locale);
  const relative = spanFormat(locale, { numeric: "auto", style: "short" });
  for (const [unit, size] of UNITS) {
    if (seconds >= size) return relative.format(-Math.floor(seconds / size), unit);
  }
  return relative.format(0, "second");
}

import { type Memory, remember } from "./remember.ts";

/** More than a shop's locales need; without a bound every locale that a merchant ever set would stay. */
const MOST = 200;
const numbers = remember<Intl.NumberFormat>(Infinity, MOST);
const dates = remember<Intl.DateTimeFormat>(Infinity, MOST);
const spans = remember<Intl.RelativeTimeFormat>(Infinity, MOST);

/** How numbers are written in a locale. Kept, as making one costs 50 times what using it does. */
export function numberFormat(locale: string, options: Intl.NumberFormatOptions = {}): Intl.NumberFormat {
  return kept(numbers, [locale, options], () => new Intl.NumberFormat(locale, options));
}

/** How points in time are written in a locale. Kept likewise. */
export function dateFormat(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return kept(dates, [locale, options], () => new Intl.DateTimeFormat(locale, options));
}

/** How it is said in a locale how long ago something was. Kept likewise. */
export function spanFormat(locale: string, options: Intl.RelativeTimeFormatOptions): Intl.RelativeTimeFormat {
  return kept(spans, [locale, options], () => new Intl.RelativeTimeFormat(locale, options));
}

function kept<T>(formats: Memory<T>, of: unknown[], make: () => T): T {
  const key = JSON.stringify(of);
  const known = formats.get(key);
  if (known) return known;
  const made = make();
  formats.set(key, made);
  return made;
}

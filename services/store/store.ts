import { invalid } from "../shared/errors.ts";
import { isId } from "../shared/ids.ts";
import { isCurrency } from "../shared/money.ts";
import type { Tax } from "../shared/totals.ts";

/** A store's settings, as they are given. */
export interface StoreSettings {
  slug: string;
  name: string;
  /** ISO 4217; fixed once the store exists. */
  currency: string;
  /** BCP 47. */
  locale: string;
  /** ISO 3166-1 alpha-2. */
  country: string;
  tax: Tax;
  /** Of browser storefronts; where unset, they stay as they are. */
  origins?: string[] | undefined;
}

/** A store. */
export interface Store extends StoreSettings {
  id: string;
  origins: string[];
  status: Status;
  create_time: Date;
  update_time: Date;
  version: number;
}

/** Only an active store takes orders. */
export const STATUSES = ["active", "suspended", "closed"] as const;
/** Whether a store is open. */
export type Status = (typeof STATUSES)[number];

const SLUG = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const MAX_ORIGINS = 20;
const DEFAULT_LOCALE = "en-US";
const NO_TAX: Tax = { rate_bp: 0, included: false };

/** Fills in defaults and refuses, naming the field, what cannot be a store's settings. The locale comes back canonical. */
export function checkSettings(
  given: Omit<StoreSettings, "locale" | "tax" | "origins"> & {
    locale?: string | undefined;
    tax?: Tax | undefined;
    origins?: { values: string[] } | undefined;
  },
): StoreSettings {
  const { slug, currency, country } = given;
  const tax = given.tax ?? NO_TAX;
  const name = given.name.trim();
  if (!SLUG.test(slug) || slug.length > 63 || isId(slug)) {
    throw invalid(
      "invalid_slug",
      "A slug has 1 to 63 lower-case letters, digits and single hyphens between them, and does not look like an id.",
      "/slug",
    );
  }
  if (!name || [...name].length > 200 || name.includes("\0")) {
    throw invalid("invalid_name", "A name has 1 to 200 characters.", "/name");
  }
  if (!isCurrency(currency)) {
    throw invalid("invalid_currency", "The currency must be an ISO 4217 code in use, such as USD.", "/currency");
  }
  if (!isCountry(country)) {
    throw invalid("invalid_country", "The country must be an ISO 3166-1 alpha-2 code, such as US.", "/country");
  }
  if (!Number.isInteger(tax.rate_bp) || tax.rate_bp < 0 || tax.rate_bp > 10_000) {
    throw invalid("invalid_tax", "The tax rate is 0 to 10000 basis points.", "/tax/rate_bp");
  }
  const origins = given.origins && checkOrigins(given.origins.values);
  return { slug, name, currency, country, locale: canonicalLocale(given.locale ?? DEFAULT_LOCALE), tax, origins };
}

/** An origin as browsers send it: nothing after the host, no default port, all in lower case. None stands for several. */
function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text && text.length <= 255 &&
    !text.includes("*");
}

function checkOrigins(origins: string[]): string[] {
  const wrong = origins.findIndex((origin) => !isOrigin(origin));
  if (wrong >= 0) {
    throw invalid(
      "invalid_origin",
      "An origin is a scheme and a host, such as https://shop.example.",
      `/origins/${wrong}`,
    );
  }
  if (origins.length > MAX_ORIGINS) throw invalid("invalid_origin", "A store has at most 20 origins.", "/origins");
  return [...new Set(origins)];
}

/** Refuses a text that is no status. */
export function checkStatus(status: string): Status {
  const known = STATUSES.find((known) => known === status);
  if (!known) throw invalid("invalid_status", `A status is one of ${STATUSES.join(", ")}.`, "/status");
  return known;
}

/** Refuses new settings that would change what is fixed. */
export function checkChange(store: Store, settings: StoreSettings): void {
  if (settings.currency !== store.currency) {
    throw invalid("currency_fixed", `The currency of a store can't change: it is ${store.currency}.`, "/currency");
  }
}

function canonicalLocale(locale: string): string {
  try {
    const [canonical] = Intl.getCanonicalLocales(locale);
    if (canonical && canonical.length <= 35) return canonical;
  } catch { /* refused below */ }
  throw invalid("invalid_locale", "The locale must be a BCP 47 tag, such as en-US.", "/locale");
}

const regions = new Intl.DisplayNames("en", { type: "region", fallback: "none" });

/** Codes that Unicode names although ISO 3166-1 assigns them to no country. */
const NO_COUNTRY = new Set(["AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ"]);

/** Whether a text is the ISO 3166-1 alpha-2 code of a country. */
export function isCountry(code: string): boolean {
  if (!/^[A-Z]{2}$/.test(code) || NO_COUNTRY.has(code)) return false;
  // A code that Unicode renames, such as UK or BU, is one that ISO has withdrawn or never had.
  return regions.of(code) !== undefined && new Intl.Locale(`und-${code}`).region === code;
}

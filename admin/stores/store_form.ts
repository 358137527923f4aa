import { faults, type FormErrors } from "../form_errors.ts";
import { number } from "../format.ts";
import { texts } from "../texts.ts";
import type { Store } from "../types.ts";

/** A store's form as typed. */
export type StoreValues =
  & Record<"name" | "slug" | "currency" | "country" | "locale" | "tax_rate" | "version" | "origins", string>
  & {
    tax_included: boolean;
  };

/** The form of a new store. */
export const NEW_STORE: StoreValues = {
  ...{ name: "", slug: "", currency: "USD", country: "US", locale: "en-US", tax_rate: "0", version: "" },
  origins: "",
  tax_included: false,
};

/** The form of a store as it is. */
export function storeValues(store: Store): StoreValues {
  const { name, slug, currency, country, locale, tax, version } = store;
  const tax_rate = number(tax.rate_bp / 100, locale, { maximumFractionDigits: 2 });
  const origins = (store.origins ?? []).join("\n");
  const rest = { tax_rate, tax_included: tax.included, origins, version: String(version) };
  return { name, slug, currency, country, locale, ...rest };
}

/** Reads the form as typed. */
export function readStore(form: FormData): StoreValues {
  const text = (name: string) => String(form.get(name) ?? "").trim();
  return {
    ...{ name: text("name"), slug: text("slug"), locale: text("locale") || "en-US", tax_rate: text("tax_rate") },
    ...{ currency: text("currency").toUpperCase(), country: text("country").toUpperCase(), version: text("version") },
    origins: text("origins"),
    tax_included: form.has("tax_included"),
  };
}

/** Makes the gateway's body of what was typed, or says what is wrong with it. */
export function storeBody(values: StoreValues): { body: Record<string, unknown> } | FormErrors {
  const { tax_rate, tax_included, origins: typed, version, ...rest } = values;
  const rate = rateOf(tax_rate || "0");
  const t = texts.products;
  const fields: Record<string, string> = {};
  for (const name of ["name", "slug", "currency", "country"] as const) if (!rest[name]) fields[name] = t.required;
  if (rate === undefined) fields.tax_rate = texts.stores.notARate;
  if (Object.keys(fields).length > 0) return faults(t.checkFields, fields);
  const tax = { rate_bp: rate, included: tax_included };
  const origins = typed.split(/\s+/).filter(Boolean);
  return { body: { ...rest, tax, origins, ...(version ? { version: Number(version) } : {}) } };
}

/** The gateway's refusal by the fields of the form: that of one origin names it. */
export function storeFields(refused: Record<string, string>, { origins }: StoreValues): Record<string, string> {
  const lines = origins.split(/\s+/);
  return Object.fromEntries(
    Object.entries(refused).map(([pointer, message]) => {
      const [field = "", part = ""] = pointer.split("/");
      if (field === "tax") return ["tax_rate", message];
      return field === "origins" && lines[Number(part)] && part
        ? [field, `${lines[Number(part)]}: ${message}`]
        : [field, message];
    }),
  );
}

/** Basis points of a percentage such as "8.25" or "8,25 %". */
function rateOf(text: string): number | undefined {
  const match = /^(\d{1,3})(?:[.,](\d{1,2}))?\s*%?$/.exec(text);
  if (!match) return undefined;
  const rate = Number(match[1]) * 100 + Number((match[2] ?? "").padEnd(2, "0"));
  return rate <= 10_000 ? rate : undefined;
}

import { entryOf } from "../entry.ts";
import { faults, type FormErrors } from "../form_errors.ts";
import { moneyField, parseMoney } from "../format.ts";
import { texts } from "../texts.ts";
import type { Product, Store } from "../types.ts";

/** A line of the variants' grid, as typed. One without an id is new. */
export interface VariantRow {
  id: string;
  sku: string;
  name: string;
  price: string;
  /** The first stock of a new variant. */
  stock: string;
  /** In the order of the option names. */
  options: string[];
  removed: boolean;
  /** For show: how many can be bought. */
  available?: number;
}

export interface ImageRow {
  url: string;
  alt: string;
  position: string;
  removed: boolean;
}

/** The whole form, as typed. */
export interface ProductValues {
  name: string;
  slug: string;
  description: string;
  status: string;
  category: string;
  version: string;
  /** A product without options has its one variant's fields beside its own. */
  simple: boolean;
  id: string;
  sku: string;
  price: string;
  stock: string;
  option_names: string[];
  variants: VariantRow[];
  images: ImageRow[];
  image_url: string;
}

/** Up to so many options the grid offers one more. */
const OPTIONS = 3;
/** Empty lines at the grid's end: scripts add more. */
const SPARE = 3;

/** The form of a new product. */
export function emptyValues(): ProductValues {
  return {
    ...{ name: "", slug: "", description: "", status: "draft", category: "", version: "" },
    ...{ simple: true, id: "", sku: "", price: "", stock: "", image_url: "" },
    ...{ option_names: ["", ""], variants: spare(2), images: [] },
  };
}

/** The form of a product as it is. */
export function valuesOf(product: Product, locale: string): ProductValues {
  const { variants: [first] } = product;
  const simple = product.variants.length === 1 && first?.name === "" && Object.keys(first.options).length === 0;
  const names = [...new Set(product.variants.flatMap(({ options }) => Object.keys(options)))];
  // One more than there are, for an option to come.
  const option_names = names.length < OPTIONS ? [...names, ""] : names;
  const rows = product.variants.map((variant): VariantRow => ({
    id: variant.id,
    sku: variant.sku,
    name: variant.name,
    price: moneyField(variant.price, locale),
    stock: "",
    options: option_names.map((name) => entryOf(variant.options, name) ?? ""),
    removed: false,
    available: variant.available,
  }));
  return {
    name: product.name,
    slug: product.slug,
    description: product.description,
    status: product.status,
    category: product.category?.id ?? "",
    version: String(product.version),
    simple,
    id: simple ? first?.id ?? "" : "",
    sku: simple ? first?.sku ?? "" : "",
    price: simple ? rows[0]?.price ?? "" : "",
    stock: "",
    option_names,
    variants: [...simple ? [] : rows, ...spare(option_names.length)],
    images: product.images.map(({ url, alt }, index) => ({ url, alt, position: String(index + 1), removed: false })),
    image_url: "",
  };
}

/** Reads the form as typed. Each line of the grid has every field, so that the nth of each belong together. */
export function readValues(form: FormData): ProductValues {
  const text = (name: string) => clean(form.get(name)).trim();
  const all = (name: string) => form.getAll(name).map((value) => clean(value).trim());
  const option_names = form.has("option_name") ? all("option_name") : ["", ""];
  const columns = {
    ...{
      ids: all("variant_id"),
      names: all("variant_name"),
      prices: all("variant_price"),
      stocks: all("variant_stock"),
    },
    options: option_names.map((_, index) => all(`variant_option_${index}`)),
  };
  const removed = new Set(all("variant_remove"));
  const variants = all("variant_sku").map((sku, row): VariantRow => {
    const id = columns.ids[row] ?? "";
    return {
      ...{
        id,
        sku,
        name: columns.names[row] ?? "",
        price: columns.prices[row] ?? "",
        stock: columns.stocks[row] ?? "",
      },
      options: columns.options.map((column) => column[row] ?? ""),
      removed: id !== "" && removed.has(id),
    };
  });
  const [alts, positions, gone] = [all("image_alt"), all("image_position"), new Set(all("image_remove"))];
  const images = all("image").map((url, row): ImageRow => ({
    ...{ url, alt: alts[row] ?? "", position: positions[row] ?? "" },
    removed: gone.has(url),
  }));
  return {
    ...{ name: text("name"), slug: text("slug"), description: clean(form.get("description")) },
    ...{ status: text("status") || "active", category: text("category"), version: text("version") },
    ...{ simple: form.has("sku"), id: text("id"), sku: text("sku"), price: text("price"), stock: text("stock") },
    variants: variants.some(isBlank) ? variants : [...variants, ...spare(option_names.length)],
    ...{ option_names, images, image_url: text("image_url") },
  };
}

/** A variant of the request's body. */
export interface VariantBody {
  id?: string;
  sku: string;
  name?: string;
  options?: Record<string, string>;
  price?: number;
  stock?: number;
}

/** The request's body, and from which line of the grid each of its variants comes: -1 for the simple product's fields. */
export interface ProductBody {
  body: Record<string, unknown>;
  rows: number[];
}

/** Makes the gateway's body of what was typed, or says what is wrong with it. Fields of lines are named "variant_price.2". */
export function bodyOf(
  values: ProductValues,
  { currency, locale }: Pick<Store, "currency" | "locale">,
): ProductBody | FormErrors {
  const fields: Record<string, string> = {};
  const t = texts.products;
  const priceOf = (text: string, field: string) => {
    const price = parseMoney(text, currency, locale);
    if (price === undefined) fields[field] = text ? t.notAnAmount(currency) : t.required;
    return price;
  };
  const stockOf = (text: string, field: string) => {
    const stock = /^\d{1,9}$/.test(text || "0") ? Number(text || "0") : undefined;
    if (stock === undefined) fields[field] = t.notACount;
    return stock;
  };
  if (!values.name) fields.name = t.required;

  const variants: VariantBody[] = [];
  const rows: number[] = [];
  const lines = values.variants.map((row, index) => [row, index] as const)
    .filter(([row]) => !row.removed && !isBlank(row));
  if (values.simple && (values.sku || lines.length === 0)) {
    if (!values.sku) fields.sku = t.required;
    variants.push({
      ...(values.id ? { id: values.id } : { stock: stockOf(values.stock, "stock") ?? 0 }),
      sku: values.sku,
      price: priceOf(values.price, "price") ?? 0,
    });
    rows.push(-1);
  }
  for (const [row, index] of lines) {
    if (!row.sku) fields[`variant_sku.${index}`] = t.required;
    const options = optionsOf(values.option_names, row.options);
    variants.push({
      ...(row.id ? { id: row.id } : { stock: stockOf(row.stock, `variant_stock.${index}`) ?? 0 }),
      sku: row.sku,
      name: row.name || Object.values(options).join(" / "),
      options,
      // A line without a price has that of the product.
      price: priceOf(row.price || values.price, `variant_price.${index}`) ?? 0,
    });
    rows.push(index);
  }
  if (variants.length === 0) fields["variant_sku.0"] = t.oneVariant;
  if (Object.keys(fields).length > 0) return faults(t.checkFields, fields);
  return {
    rows,
    body: {
      ...{ name: values.name, description: values.description, status: values.status },
      ...(values.slug ? { slug: values.slug } : {}),
      category: values.category || null,
      images: imagesOf(values.images),
      variants,
    },
  };
}

/** The gateway's refusal by the fields of the form. */
export function fieldsOf(refused: Record<string, string>, rows: readonly number[]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(refused).map(([pointer, message]) => {
      const [, index, field = "sku"] = /^variants\/(\d+)(?:\/(\w+))?/.exec(pointer) ?? [];
      const row = index === undefined ? undefined : rows[Number(index)];
      if (row === undefined) return [pointer.split("/")[0] ?? pointer, message];
      return [row < 0 ? field : `variant_${field}.${row}`, message];
    }),
  );
}

/** Images in the order of their numbers, without those taken away. */
export function imagesOf(images: readonly ImageRow[]): { url: string; alt: string }[] {
  const place = ({ position }: ImageRow) => Number(position) || Infinity;
  return images.filter(({ removed, url }) => !removed && url)
    .toSorted((a, b) => place(a) === place(b) ? 0 : place(a) - place(b))
    .map(({ url, alt }) => ({ url, alt }));
}

/** Whether nobody typed anything into a spare line. */
export function isBlank(row: VariantRow): boolean {
  return ![row.id, row.sku, row.name, row.price, row.stock, ...row.options].some(Boolean);
}

function optionsOf(names: readonly string[], values: readonly string[]): Record<string, string> {
  const pairs = names.map((name, index) => [name, values[index] ?? ""] as const);
  return Object.fromEntries(pairs.filter(([name, value]) => name && value));
}

function spare(options: number): VariantRow[] {
  return Array.from({ length: SPARE }, () => ({
    ...{ id: "", sku: "", name: "", price: "", stock: "", removed: false },
    options: Array<string>(options).fill(""),
  }));
}

/** Browsers send line ends as CRLF. */
function clean(value: FormDataEntryValue | null): string {
  return typeof value === "string" ? value.replaceAll("\r\n", "\n") : "";
}

import type { ImportedProduct, ImportedVariant } from "../../proto/gen/nano/product/v1/product.ts";
import { invalid } from "../shared/errors.ts";
import { parseMoney } from "../shared/money.ts";
import { type CsvRow, parseCsv } from "./csv.ts";

/** A line that is not imported, and why. */
export interface RefusedLine {
  line: number;
  code: string;
  message: string;
}

/** The columns of a table of products; beside them there is one for each option, such as "option:Size". */
export const COLUMNS = ["name", "slug", "sku", "price", "stock", "category", "description", "status"] as const;

type Column = typeof COLUMNS[number];

const OPTION = /^option:(.{1,100})$/is;
const STATUSES = ["draft", "active", "archived"];
const MAX_ROWS = 2_000;
/** As many as an export has. */
const MAX_OPTIONS = 100;
const MAX_VARIANTS = 100;
const MAX: Record<string, number> = { name: 200, slug: 200, sku: 100, category: 200, description: 20_000, option: 200 };

/**
 * Reads a table of products: lines of one slug (or, without slugs, one name) are the variants of one product. An empty
 * cell says nothing. A product of which one line is refused is not imported at all.
 */
export function readProducts(
  bytes: Uint8Array,
  { currency, locale }: { currency: string; locale: string },
): { products: ImportedProduct[]; refused: RefusedLine[] } {
  const { header, rows } = parseCsv(bytes);
  const columns = header.map(readColumn);
  checkColumns(columns);
  if (rows.length > MAX_ROWS) throw invalid("too_many_rows", `A table has at most ${MAX_ROWS} lines.`);

  const refused: RefusedLine[] = [];
  const products = new Map<string, ImportedProduct & { lines: number[]; whole: boolean }>();
  for (const row of rows) {
    const cells = new Map(columns.map((column, index) => [column, (row.cells[index] ?? "").trim()]));
    const [slug, name] = [cells.get("slug")?.toLowerCase() ?? "", cells.get("name") ?? ""];
    const key = slug ? `slug ${slug}` : `name ${name.toLowerCase()}`;
    const product = products.get(key) ?? { line: row.line, variants: [], lines: [], whole: true };
    products.set(key, product);
    product.lines.push(row.line);
    const problem = problemOf(row, columns, cells, slug || name);
    const variant = problem ? undefined : readVariant(row.line, cells, currency, locale);
    if (!variant || "code" in variant) {
      refused.push({ line: row.line, ...(problem ?? variant ?? { code: "invalid_field", message: "Unreadable." }) });
      product.whole = false;
      continue;
    }
    product.variants.push(variant);
    for (const field of ["slug", "name", "description", "category", "status"] as const) {
      const cell = field === "slug" ? slug : field === "status" ? cells.get(field)?.toLowerCase() : cells.get(field);
      if (cell) product[field] ??= cell;
    }
  }
  const whole: ImportedProduct[] = [];
  const told = new Set(refused.map(({ line }) => line));
  for (const { lines, whole: fine, ...product } of products.values()) {
    if (fine && lines.length > MAX_VARIANTS) {
      const message = `A product has at most ${MAX_VARIANTS} variants.`;
      refused.push({ line: product.line, code: "too_many_variants", message });
    } else if (fine) whole.push(product);
    else {
      const others = lines.filter((line) => !told.has(line));
      refused.push(...others.map((line) => ({
        line,
        code: "product_refused",
        message: "Another line of this product is refused.",
      })));
    }
  }
  return { products: whole, refused };
}

/** The name of a column in one spelling; an option keeps its own. */
function readColumn(text: string): string {
  const option = OPTION.exec(text.trim())?.[1]?.trim();
  return option ? `option:${option}` : text.trim().toLowerCase();
}

function checkColumns(columns: string[]): void {
  const unknown = columns.find((column) => !COLUMNS.includes(column as Column) && !OPTION.test(column));
  if (unknown !== undefined) {
    throw invalid("unknown_column", `There is no column ${unknown.slice(0, 100) || "without a name"} here.`);
  }
  // Counted first: a line of 1 MiB has room for 100,000 columns, each of which is compared with all below.
  if (columns.filter((column) => OPTION.test(column)).length > MAX_OPTIONS) {
    throw invalid("unknown_column", `A table has at most ${MAX_OPTIONS} options.`);
  }
  const double = columns.find((column, index) => columns.indexOf(column) !== index);
  if (double) throw invalid("unknown_column", `The column ${double} is there twice.`);
  if (!columns.includes("sku")) throw invalid("required", "A table needs a column sku.");
  if (!columns.includes("slug") && !columns.includes("name")) {
    throw invalid("required", "A table needs a column slug or name.");
  }
}

/** What is wrong with a line as text, if anything. */
function problemOf(row: CsvRow, columns: string[], cells: Map<string, string>, named: string) {
  if (row.cells.length > columns.length) {
    return { code: "invalid_field", message: "The line has more cells than the table has columns." };
  }
  if (!named) return { code: "required", message: "The line has neither slug nor name." };
  for (const [column, cell] of cells) {
    const max = MAX[column] ?? (OPTION.test(column) ? MAX["option"] : undefined);
    if (cell.includes("\0")) return { code: "invalid_field", message: `${column} holds a NUL.` };
    if (max && cell.length > max) {
      return { code: "too_long", message: `${column} has at most ${max} characters.` };
    }
  }
  return undefined;
}

function readVariant(
  line: number,
  cells: Map<string, string>,
  currency: string,
  locale: string,
): ImportedVariant | { code: string; message: string } {
  const [sku = "", price = "", stock = "", status = ""] = ["sku", "price", "stock", "status"].map((column) =>
    cells.get(column)
  );
  if (!sku) return { code: "required", message: "The line has no sku." };
  const money = price ? parseMoney(price, currency, locale) : undefined;
  if (price && !money) return { code: "invalid_price", message: `${price} is no price in ${currency}.` };
  if (stock && !(/^\d{1,10}$/.test(stock) && Number(stock) <= 1_000_000_000)) {
    return { code: "invalid_stock", message: "stock is a whole number from 0 to 1,000,000,000." };
  }
  if (status && !STATUSES.includes(status.toLowerCase())) {
    return { code: "invalid_status", message: `status is one of ${STATUSES.join(", ")}.` };
  }
  const options = Object.fromEntries(
    [...cells].flatMap(([column, cell]) => {
      const name = OPTION.exec(column)?.[1];
      return name && cell ? [[name, cell]] : [];
    }),
  );
  return { line, sku, options, ...(money ? { price: money } : {}), ...(stock ? { stock: Number(stock) } : {}) };
}

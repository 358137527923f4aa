/** What a shop's lists cost while it is small and once it has grown, uncached and one request at a time. */
import type { Load } from "./load.ts";
import type { Row } from "./report.ts";
import type { Prepared } from "./shop.ts";

/** What counts as small: so many products, or orders. */
export const SMALL = 10_000;

/** A page far behind the first: how many pages come before it, and their size. */
const PAGE = { before: 999, limit: 5 };
const MAX_LIMIT = 100;

/** Words of the bench's catalogue, whole, begun and misspelt. */
const SEARCHES = ["lamp", "shirt", "lin", "linen shi", "woruba", "navy ta", "b12"];
const MISSPELT = ["coton", "shrit", "blankett", "ceramik mug", "lether bag"];

/** Something whose cost should not grow. */
export interface GrowthCase {
  name: string;
  load: Omit<Load, "seconds">;
}

/** The lists of a catalogue. Their cursor is of the catalogue as it is now. */
export async function productCases(gateway: URL): Promise<GrowthCase[]> {
  const { cursor, last } = await place(gateway);
  const get = (name: string, ...paths: string[]) => caseOf(gateway, name, paths, "fresh");
  return [
    get("listing", "/products?limit=20"),
    get("listing by name", "/products?limit=20&sort=name"),
    get("listing in stock from a price, by price", "/products?limit=20&in_stock=true&min_price=500&sort=price"),
    get("listing of a category, by name", "/products?limit=20&category=bench-shelf-30&sort=name"),
    get(`page ${PAGE.before + 1} of ${PAGE.limit}`, `/products?limit=${PAGE.limit}&cursor=${cursor}`),
    get("page after a price, by price", `/products?limit=${PAGE.limit}&sort=price&cursor=${last}`),
    get("search", ...SEARCHES.map((q) => `/products?q=${encodeURIComponent(q)}`)),
    get("search by name", ...SEARCHES.map((q) => `/products?q=${encodeURIComponent(q)}&sort=name`)),
    get("search with a typing error", ...MISSPELT.map((q) => `/products?q=${encodeURIComponent(q)}`)),
  ];
}

/** What staff see of orders. */
export function orderCases({ cookie, operator }: Prepared, gateway: URL, admin: URL): GrowthCase[] {
  const headers = { Authorization: `Bearer ${operator}` };
  const get = (name: string, ...paths: string[]) => caseOf(gateway, name, paths, "same", headers);
  return [
    get("orders", "/orders?limit=20"),
    get("orders of a status", "/orders?limit=20&status=shipped"),
    get("orders searched", ...["ada", "grace12", "radia1"].map((q) => `/orders?limit=20&q=${q}`)),
    caseOf(admin, "console's home", ["/"], "same", { Cookie: cookie }),
    caseOf(admin, "console's orders", ["/orders"], "same", { Cookie: cookie }),
  ];
}

function caseOf(
  { hostname, port }: URL,
  name: string,
  paths: string[],
  kind: Load["kind"],
  headers: Record<string, string> = {},
): GrowthCase {
  const requests = paths.map((path) => ({ method: "GET", path, headers }));
  return { name, load: { hostname, port: Number(port), connections: 1, requests, kind, tokens: [] } };
}

/** The cursor of a page far behind the first of the newest, and one in the order of prices from the same depth. */
async function place(gateway: URL): Promise<{ cursor: string; last: string }> {
  const walk = async (sort: string) => {
    let cursor = "";
    for (let left = PAGE.before * PAGE.limit; left > 0; left -= MAX_LIMIT) {
      const query = new URLSearchParams({
        sort,
        limit: String(Math.min(left, MAX_LIMIT)),
        ...(cursor ? { cursor } : {}),
      });
      const page = await (await fetch(new URL(`/products?${query}`, gateway))).json() as { next_cursor: string | null };
      if (!page.next_cursor) throw new Error("Cannot measure a later page as the catalogue has not so many products.");
      cursor = page.next_cursor;
    }
    return cursor;
  };
  return { cursor: await walk("-create_time"), last: await walk("price") };
}

/**
 * The table of both sizes, as Markdown: medians and 95th percentiles, CPU of all processes a request, and how they
 * compare. CPU time tells more than the clock where others use the machine.
 */
export function growthTable(
  what: string,
  sizes: [number, number],
  small: readonly Row[],
  large: readonly Row[],
): string {
  const figures = ({ p50, p95, cpu_ms_total }: Row) => [p50, p95, cpu_ms_total].map((ms) => ms.toFixed(1));
  const ratio = (grown: number, small: number) => (grown / small).toFixed(2);
  const cells = small.flatMap((row) => {
    const grown = large.find(({ name }) => name === row.name);
    const ratios = grown && [ratio(grown.p50, row.p50), ratio(grown.cpu_ms_total, row.cpu_ms_total)];
    return ratios ? [[row.name, ...figures(row), ...figures(grown), ...ratios]] : [];
  });
  const columns = sizes.flatMap((size) => [`${size.toLocaleString("en-US")} ${what}: p50`, "p95", "CPU"]);
  const head = ["uncached, ms", ...columns, "ratio of p50", "of CPU"];
  return [head, head.map(() => "---"), ...cells].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

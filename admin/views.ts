import { cookie, cookieOf } from "./cookies.ts";
import type { State } from "./utils.ts";

const NAME = "nano_views";
const YEAR_S = 365 * 24 * 3600;
/** What a cookie may hold; browsers take 4,096 characters with its name. */
const MAX_COOKIE = 3_600;
const MAX_NAME = 40;
const MAX_QUERY = 400;
/** The lists that can be saved. */
const PATHS = ["/orders", "/products", "/customers", "/payments", "/audit"];
/** What does not belong to a view: where one is in it, and the store, which is kept by itself. */
const PASSING = ["cursor", "store"];

/** A list as an operator likes to see it, kept by the operator's browser as the console has no store of its own. */
export interface SavedView {
  name: string;
  /** Of the store in which it was saved. */
  store: string;
  path: string;
  /** The list's parameters, as in its URL. */
  query: string;
}

/** The views that a request's browser keeps. */
export function readViews(request: Request): SavedView[] {
  try {
    const text = new TextDecoder().decode(
      Uint8Array.fromBase64(cookieOf(request, NAME) ?? "", { alphabet: "base64url" }),
    );
    const rows: unknown = JSON.parse(text);
    return Array.isArray(rows) ? rows.flatMap(toView) : [];
  } catch {
    return [];
  }
}

/** Has the browser keep them; false where there are too many. */
export function keepViews(state: State, views: readonly SavedView[]): boolean {
  const rows = views.map(({ name, store, path, query }) => [name, store, path, query]);
  const text = new TextEncoder().encode(JSON.stringify(rows)).toBase64({ alphabet: "base64url", omitPadding: true });
  if (text.length > MAX_COOKIE) return false;
  state.cookies.push(cookie(NAME, text, YEAR_S));
  return true;
}

/** A list's address without what is passing. */
export function viewOf(url: URL): string {
  const query = new URLSearchParams([...url.searchParams].filter(([name, value]) => value && !PASSING.includes(name)));
  return url.pathname + (query.size > 0 ? `?${query}` : "");
}

/** A view of what a form sends; undefined if it is none of a list. */
export function newView(name: string, store: string, view: string): SavedView | undefined {
  if (!/^\/(?![/\\])/.test(view) || !URL.canParse(view, "http://console.invalid")) return undefined;
  const [path = "", ...query] = viewOf(new URL(view, "http://console.invalid")).split("?");
  return toView([name.trim(), store, path, query.length > 0 ? `?${query.join("?")}` : ""])[0];
}

function toView(row: unknown): SavedView[] {
  if (!Array.isArray(row) || !row.every((part) => typeof part === "string")) return [];
  const [name = "", store = "", path = "", query = ""] = row as string[];
  const right = name !== "" && name.length <= MAX_NAME && PATHS.includes(path) &&
    /^(\?|$)/.test(query) && query.length <= MAX_QUERY;
  return right ? [{ name, store, path, query }] : [];
}

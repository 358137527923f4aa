import type { Method } from "./types.ts";

/** What is registered at one path. */
interface Entry<T> {
  readonly path: string;
  readonly methods: Map<Method, T>;
}

export interface Match<T> {
  /** The path as registered; null where nothing is. */
  path: string | null;
  item: T | undefined;
  allowed: Method[];
  params: Record<string, string>;
}

/** Finds what is registered for a URL: exact paths first, then patterns in their order. The first registration wins. */
export class Router<T> {
  readonly #exact = new Map<string, Entry<T>>();
  readonly #patterns = new Map<string, Entry<T> & { pattern: URLPattern }>();

  add(method: Method, path: string, item: T): void {
    const { methods } = this.#entry(path);
    if (!methods.has(method)) methods.set(method, item);
  }

  match(method: Method, url: URL): Match<T> {
    const path = url.pathname;
    const exact = this.#exact.get(path) ?? this.#exact.get(path.endsWith("/") ? path.slice(0, -1) : `${path}/`);
    if (exact) return toMatch(exact, method, {});
    for (const entry of this.#patterns.values()) {
      const groups = entry.pattern.exec({ pathname: path })?.pathname.groups;
      if (groups) return toMatch(entry, method, groups);
    }
    return { path: null, item: undefined, allowed: [], params: {} };
  }

  #entry(path: string): Entry<T> {
    const known = this.#exact.get(path) ?? this.#patterns.get(path);
    if (known) return known;
    const entry = { path, methods: new Map<Method, T>() };
    if (/[*:{}+?()]/.test(path)) {
      this.#patterns.set(path, { ...entry, pattern: new URLPattern({ pathname: path }) });
    } else this.#exact.set(path, entry);
    return entry;
  }
}

function toMatch<T>({ path, methods }: Entry<T>, method: Method, groups: Record<string, string | undefined>): Match<T> {
  const item = methods.get(method) ?? (method === "HEAD" ? methods.get("GET") : undefined);
  const params = Object.entries(groups).map(([name, value]) => [name, decode(value ?? "")]);
  return { path, item, allowed: [...methods.keys()], params: Object.fromEntries(params) };
}

/** As decodeURI, so "%2F" stays; what is no valid encoding stays too. */
function decode(value: string): string {
  try {
    return decodeURI(value);
  } catch {
    return value;
  }
}

/** The URL pattern of a file in routes/: `(group)/a/[id]` → `/a/:id`, `[...rest]` → `/:rest*`, `a/index` → `/a`. */
export function patternOf(file: string): string {
  const parts = file.split("/").filter((part) => part && !/^\(.*\)$/.test(part));
  if (parts.at(-1) === "index") parts.pop();
  return `/${parts.map((part) => part.replace(/^\[\.\.\.(\w+)\]$/, ":$1*").replace(/\[(\w+)\]/g, ":$1")).join("/")}`;
}

/** Puts a path below another; "*" and "/" stand for the other itself. */
export function joinPaths(base: string, path: string): string {
  const start = base.replace(/\/?\*?$/, "");
  return path === "*" ? start || "*" : path === "/" ? start || "/" : start + path;
}

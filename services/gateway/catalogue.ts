import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { countReads } from "../shared/cache_metrics.ts";

const counted = countReads("catalogue");

/** A catalogue or store read as strangers and customers see it, rendered. */
export interface Page {
  body: string;
  bytes: number;
  etag: string;
  /** The template of its path. */
  route: string;
  /** The id of its store, where it has one: for the log. */
  store: string | undefined;
  /** When it is to be read again, by performance.now(). */
  until: number;
  /** When it is too old to be shown. */
  end: number;
  /** How often all was forgotten before it was read. */
  age: number;
}

/**
 * A page is shown for so long from *before* it was read; with what the store may be old (stores.ts) that is less than
 * the second in which a write has to be seen, at every gateway, with no word between them.
 */
export const SHOWN_MS = 500;
/** It is read again sooner, by one request, so that the others need not wait. */
const FRESH_MS = 300;
const MAX_PAGES = 2_000;
/** In characters, all pages together. */
const MAX_SIZE = 32 * 1024 * 1024;

/** Values that end by themselves, the first first; when there are too many or they are too large, the oldest go. */
export class Shelf<T extends { until: number }> {
  readonly #values = new Map<string, { value: T; size: number }>();
  #size = 0;

  constructor(readonly max = MAX_PAGES, readonly maxSize = MAX_SIZE) {}

  get(key: string): T | undefined {
    const found = this.#values.get(key)?.value;
    return found && found.until > performance.now() ? found : undefined;
  }

  set(key: string, value: T, size: number): void {
    this.delete(key);
    this.#values.set(key, { value, size });
    this.#size += size;
    const now = performance.now();
    for (const [oldest, { value: { until } }] of this.#values) {
      if (until > now && this.#values.size <= this.max && this.#size <= this.maxSize) break;
      this.delete(oldest);
    }
  }

  clear(): void {
    this.#values.clear();
    this.#size = 0;
  }

  delete(key: string): void {
    this.#size -= this.#values.get(key)?.size ?? 0;
    this.#values.delete(key);
  }
}

/** The pages of this gateway's catalogue. */
export interface Catalogue {
  /** The page under a key; who comes first reads it, who comes meanwhile waits for that. Nothing that fails is kept. */
  page(key: string, about: Pick<Page, "route" | "store">, read: () => Promise<unknown>): Promise<Page>;
  /** Whether a page may still be shown, or could be to who came at `at` (by performance.now()) and waited for it. */
  shows(page: Page, at?: number): boolean;
  /** Shows no page that there is any more: whoever writes through this gateway sees it at once. */
  forget(): void;
  /** The page with which a request was answered, if it was. */
  readonly answered: WeakMap<Request, Page>;
}

/** Makes an empty one. */
export function createCatalogue(): Catalogue {
  const pages = new Shelf<Page>();
  const reads = new Shelf<{ until: number; page: Promise<Page> }>();

  let age = 0;

  async function render(key: string, about: Omit<Page, "body" | "bytes" | "etag">, read: () => Promise<unknown>) {
    const page = { ...rendered(await read()), ...about };
    if (page.age === age) pages.set(key, page, page.body.length);
    return page;
  }

  return {
    answered: new WeakMap(),
    async page(key, about, read) {
      const found = pages.get(key);
      const under_way = found ? undefined : reads.get(key);
      if (found || under_way) counted.hit();
      else counted.miss();
      if (found) return found;
      if (under_way) return await under_way.page;
      const now = performance.now();
      const [until, end] = [now + FRESH_MS, now + SHOWN_MS];
      const reading = { until, page: render(key, { ...about, until, end, age }, read) };
      reads.set(key, reading, 0);
      try {
        return await reading.page;
      } finally {
        if (reads.get(key) === reading) reads.delete(key);
      }
    },
    shows: (page, at = performance.now()) => page.age === age && page.end > at,
    forget() {
      age++;
      pages.clear();
      reads.clear();
    },
  };
}

/** A value as the body of an answer, with its strong ETag. */
export function rendered(value: unknown): Pick<Page, "body" | "bytes" | "etag"> {
  const body = JSON.stringify(value);
  return { body, bytes: Buffer.byteLength(body), etag: `"${createHash("sha1").update(body).digest("base64url")}"` };
}

/** Whether If-None-Match names the page that there is. */
export function matches(wanted: string | null | undefined, etag: string): boolean {
  if (!wanted) return false;
  return wanted === "*" || wanted.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag);
}

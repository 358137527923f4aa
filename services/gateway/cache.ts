import { routePath } from "@hono/hono/route";
import { currentActor, isStaffOrKey } from "../shared/auth.ts";
import { ANONYMOUS, currentContext, withContext } from "../shared/context.ts";
import { type Catalogue, matches, type Page, rendered } from "./catalogue.ts";
import type { RequestContext } from "./env.ts";

/**
 * Answers a catalogue or store read with a strong ETag, or 304 where the client has it. Strangers and customers see one
 * page, read as a stranger and kept for a moment, and may themselves keep it for 1 s; staff always see what is.
 * `store` is the id of the request's store, where the answer depends on it.
 */
export async function cached(
  c: RequestContext,
  catalogue: Catalogue,
  store: string | undefined,
  read: () => Promise<unknown>,
): Promise<Response> {
  const actor = currentActor();
  const context = currentContext();
  if (isStaffOrKey(actor) || !context) {
    return answer(c, rendered(await read()), "private, no-cache");
  }
  const { search } = new URL(c.req.url);
  const key = `${store ?? ""} ${c.req.path}${search}`;
  const page = await catalogue.page(
    key,
    { route: routePath(c, -1), store },
    () => withContext({ ...context, actor: ANONYMOUS }, read),
  );
  catalogue.answered.set(c.req.raw, page);
  return answer(c, page, actor.kind === "user" ? "private, max-age=1" : "public, max-age=1");
}

/** The answer to a read that is nobody's but the caller's. */
export async function uncached(c: RequestContext, read: () => Promise<unknown>): Promise<Response> {
  return answer(c, rendered(await read()), "private, no-cache");
}

type Shown = Pick<Page, "body" | "bytes" | "etag">;

function answer(c: RequestContext, { body, bytes, etag }: Shown, cacheControl: string): Response {
  c.header("ETag", etag);
  c.header("Cache-Control", cacheControl);
  if (matches(c.req.header("If-None-Match"), etag)) return c.body(null, 304);
  c.set("bytes", bytes);
  return c.body(body, 200, { "Content-Type": "application/json" });
}

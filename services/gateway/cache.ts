import { createHash } from "node:crypto";
import { currentActor } from "../shared/auth.ts";
import type { RequestContext } from "./env.ts";

/**
 * Answers a catalogue or store read with a strong ETag, or 304 where the client has it. Strangers and customers may
 * keep it for 1 s; staff always ask again.
 */
export function cacheable(c: RequestContext, value: unknown): Response {
  const body = JSON.stringify(value);
  const etag = `"${createHash("sha1").update(body).digest("base64url")}"`;
  const actor = currentActor();
  const staff = actor.role === "admin" || actor.store_roles.length > 0;
  c.header("ETag", etag);
  c.header(
    "Cache-Control",
    staff ? "private, no-cache" : actor.kind === "user" ? "private, max-age=1" : "public, max-age=1",
  );
  const wanted = c.req.header("If-None-Match");
  if (wanted && (wanted === "*" || wanted.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag))) {
    return c.body(null, 304);
  }
  return c.body(body, 200, { "Content-Type": "application/json" });
}

import { z } from "@hono/zod-openapi";
import { createHash } from "node:crypto";
import type { IdempotencyKey } from "../../proto/gen/nano/common/v1/common.ts";
import type { RequestContext } from "./env.ts";

const PRINTABLE = /^[\x20-\x7e]{1,255}$/;

/** The header that makes a request happen once. Missing: `idempotency_key_required`; ill-formed: `idempotency_key_invalid`. */
export const keyHeader = z.object({
  "Idempotency-Key": z.string().default("")
    .refine((key) => key !== "", {
      message: "This needs an Idempotency-Key header.",
      params: { code: "idempotency_key_required" },
      abort: true,
    })
    .refine((key) => PRINTABLE.test(key), {
      message: "An Idempotency-Key is 1 to 255 printable ASCII characters.",
      params: { code: "idempotency_key_invalid" },
    })
    .openapi({
      param: { required: true },
      description: "Names this request, so that it happens once however often it is sent. 1 to 255 printable ASCII.",
      example: "9f1c0c1e-5d0f-4a5e-8a43-0a4c9b7d2e11",
    }),
});

/**
 * The key of a request that `keyHeader` let pass, with the fingerprint of what it asks for: another request under the
 * key is refused.
 */
export async function keyOf(c: RequestContext): Promise<IdempotencyKey> {
  // A capture or void may come without a body, which is the same as an empty one.
  const text = await c.req.text();
  const body: unknown = text === "" ? {} : JSON.parse(text);
  return { key: c.req.header("Idempotency-Key") ?? "", fingerprint: fingerprint(c.req.method, c.req.path, body) };
}

/** Says that an answer is the stored one. */
export function showReplay(c: RequestContext, replayed: boolean): void {
  if (replayed) c.header("Idempotent-Replayed", "true");
}

/** The SHA-256 of method, route and canonical body in hex: neither spaces nor the order of members make a difference. */
export function fingerprint(method: string, path: string, body: unknown): string {
  return createHash("sha256").update(`${method} ${path.replace(/(.)\/+$/, "$1")}\n${canonical(body)}`).digest("hex");
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (part === null || typeof part !== "object" || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => a < b ? -1 : 1));
  });
}

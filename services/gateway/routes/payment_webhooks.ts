import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../app.ts";
import { NanoError } from "../../shared/errors.ts";
import { inTime } from "../bounds.ts";
import { answers, createRoutes } from "../openapi.ts";

const MAX_BODY = 256 * 1024;

const params = z.object({
  provider: z.string().min(1).max(50).openapi({ description: "The provider, by its method's id.", example: "stripe" }),
});

/**
 * POST /payments/webhooks/{provider}: what providers tell. They don't sign in: the signature over the raw bytes is all
 * that counts, so nothing here reads the body.
 */
export function webhooks({ clients }: Deps) {
  const app = createRoutes();

  app.openapi(
    createRoute({
      method: "post",
      path: "/{provider}",
      tags: ["Payments"],
      summary: "Take a provider's webhook",
      description:
        "For providers. Signed over the raw body, at most 300 s old; at most 256 KiB. The event is stored, " +
        "once however often it comes, and processed later.",
      request: {
        params,
        body: {
          description: "The provider's event.",
          content: { "application/json": { schema: { type: "object", example: { id: "evt_1", type: "…" } } } },
        },
      },
      responses: answers(
        200,
        "Stored, or of no interest. To be sent again after any other answer but 400.",
        z.object({ received: z.literal(true) }),
        404,
        413,
      ),
    }),
    async (c) => {
      const body = new Uint8Array(await inTime(c.req.arrayBuffer()));
      if (body.byteLength > MAX_BODY) {
        throw new NanoError("too_large", "body_too_large", "The body must be at most 256 KiB.");
      }
      await clients.payment.receiveWebhook({
        provider: c.req.valid("param").provider,
        headers: signatureHeaders(c.req.raw.headers),
        body,
      });
      return c.json({ received: true as const }, 200);
    },
  );

  return app;
}

/** The headers that may carry a signature; no other goes on. */
function signatureHeaders(headers: Headers): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => /signature$|^webhook-/.test(name)));
}

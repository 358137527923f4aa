import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../app.ts";
import { allow } from "../guards.ts";
import { answers, createRoutes, jsonBody } from "../openapi.ts";

const Settings = z.strictObject({
  require_totp: z.boolean().openapi({
    description: "Whether staff must have a second factor; without one they reach their own profile only.",
    example: false,
  }),
  step_up_refund_amount: z.int().min(0).max(1_000_000_000).openapi({
    description: "Staff with a second factor confirm refunds over this, in major units of the refund's currency.",
    example: 500,
  }),
}).openapi("Settings");

const tags = ["Settings"];

/** /settings: the operator's rules for the whole platform. */
export function settings({ clients: { user } }: Deps) {
  const app = createRoutes();

  app.openapi(
    createRoute({
      method: "get",
      path: "/",
      tags,
      summary: "Get the platform's settings",
      middleware: [allow("platform:write")] as const,
      responses: answers(200, "The settings.", Settings, 401, 403),
    }),
    async (c) => c.json(await user.getSecuritySettings({}), 200),
  );

  app.openapi(
    createRoute({
      method: "put",
      path: "/",
      tags,
      summary: "Set the platform's settings",
      description: "They hold within 5 s.",
      middleware: [allow("platform:write")] as const,
      request: { body: jsonBody(Settings) },
      responses: answers(200, "The settings.", Settings, 401, 403),
    }),
    async (c) => c.json(await user.putSecuritySettings({ settings: c.req.valid("json") }), 200),
  );

  return app;
}

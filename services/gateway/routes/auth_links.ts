import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../app.ts";
import { signedIn } from "../guards.ts";
import { answers, createRoutes, jsonBody } from "../openapi.ts";
import { text } from "../schemas.ts";
import { LinkToken, Password } from "./user_schemas.ts";

const ForgotInput = z.strictObject({ email: text(320, 0) }).openapi("ForgotPasswordInput", {
  example: { email: "ada@example.com" },
});

const ResetInput = z.strictObject({ token: LinkToken, password: Password }).openapi("ResetPasswordInput");

const VerifyInput = z.strictObject({ token: LinkToken }).openapi("VerifyEmailInput");

/** /auth: what is done by links in mails. */
export function authLinks({ clients, limits, sessions, stores }: Deps) {
  const app = createRoutes();

  app.openapi(
    createRoute({
      method: "post",
      path: "/forgot-password",
      tags: ["Auth"],
      summary: "Have a link mailed that sets a new password",
      description: "The answer, and its time, are the same whether there is such an account or not. The link works " +
        "once, within an hour; a newer one ends it. At most five are mailed to an account in an hour.",
      middleware: [limits.perAddress("mail")] as const,
      request: { body: jsonBody(ForgotInput) },
      responses: answers(202, "If there is such an account, a mail is on its way.", undefined, 404, 409, 429),
    }),
    async (c) => {
      const { email } = c.req.valid("json");
      const { id: store_id } = await stores.of(c);
      await clients.user.requestPasswordReset({ email, store_id });
      return c.body(null, 202);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/reset-password",
      tags: ["Auth"],
      summary: "Set a new password by a mailed link's token",
      description: "All sessions of the account end at once. Nobody is signed in by it.",
      middleware: [limits.perAddress("link")] as const,
      request: { body: jsonBody(ResetInput) },
      responses: answers(204, "The password is set.", undefined, 429),
    }),
    async (c) => {
      const { dead_session_ids } = await clients.user.resetPassword(c.req.valid("json"));
      await sessions.kill(dead_session_ids);
      return c.body(null, 204);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/verify-email",
      tags: ["Auth"],
      summary: "Prove an e-mail address by a mailed link's token",
      description: "The link works once, within three days. Nobody needs to be signed in.",
      middleware: [limits.perAddress("link")] as const,
      request: { body: jsonBody(VerifyInput) },
      responses: answers(204, "The address is proven.", undefined, 429),
    }),
    async (c) => {
      await clients.user.verifyEmail(c.req.valid("json"));
      return c.body(null, 204);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/verify-email/resend",
      tags: ["Auth"],
      summary: "Have another link mailed that proves the own e-mail address",
      middleware: [signedIn(), limits.perAddress("mail")] as const,
      responses: answers(202, "A mail is on its way.", undefined, 401, 404, 409, 429),
    }),
    async (c) => {
      const { id: store_id } = await stores.of(c);
      await clients.user.resendVerification({ store_id });
      return c.body(null, 202);
    },
  );

  return app;
}

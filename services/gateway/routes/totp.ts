import { createRoute, z } from "@hono/zod-openapi";
import { createMiddleware } from "@hono/hono/factory";
import type { Deps } from "../app.ts";
import { currentActor, isStaff } from "../../shared/auth.ts";
import { forbidden } from "../../shared/errors.ts";
import type { Env, RequestContext } from "../env.ts";
import { allow, signedIn, visible } from "../guards.ts";
import { answers, createRoutes, jsonBody } from "../openapi.ts";
import { text, Time } from "../schemas.ts";

export const Code = text(40).openapi({ description: "Six digits, or a recovery code.", example: "492039" });

const CodeInput = z.strictObject({ code: Code }).openapi("CodeInput");

const Totp = z.object({
  enabled: z.boolean(),
  required: z.boolean().openapi({ description: "Whether the operator requires it of the user." }),
  recovery_codes_left: z.int().openapi({ example: 10 }),
}).openapi("Totp");

const NewTotp = z.object({
  secret: z.string().openapi({ description: "Base32.", example: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP" }),
  uri: z.string().openapi({ example: "otpauth://totp/Nano:ada@example.com?secret=JBSWY3DPEHPK3PXP&issuer=Nano" }),
}).openapi("NewTotp");

const RecoveryCodes = z.object({
  recovery_codes: z.array(z.string()).openapi({ example: ["k4lq-7hga-c2sn-x5od"] }),
}).openapi("RecoveryCodes");

const StepUpInput = z.strictObject({
  code: Code.optional(),
  password: text(1024, 0).optional().openapi({ format: "password" }),
}).openapi("StepUpInput", { example: { code: "492039" } });

const tags = ["Two-factor sign-in"];
const params = z.object({ id: z.string().openapi({ description: "The user's id." }) });

/** Second factors are for staff; to a customer these routes are refused. */
function staff() {
  return createMiddleware<Env>(async (_c, next) => {
    if (!isStaff(currentActor())) throw forbidden("Second factors are for staff.");
    await next();
  });
}

/** /users/me/totp: one's own second factor. */
export function totp({ clients: { user }, limits, sessions }: Deps) {
  const app = createRoutes();

  /** Codes are guessed no faster than passwords. */
  const counted = async (c: RequestContext) => {
    const { email, user_id } = currentActor();
    await limits.takeAccount(c, "login_account", email ?? user_id ?? "");
  };
  const forget = async () => {
    const { session_id } = currentActor();
    if (session_id) await sessions.forget(session_id);
  };

  app.openapi(
    createRoute({
      method: "get",
      path: "/",
      tags,
      summary: "Tell of the own second factor",
      middleware: [signedIn()] as const,
      responses: answers(200, "Its state.", Totp, 401),
    }),
    async (c) => c.json(await user.getTotp({}), 200),
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/",
      tags,
      summary: "Begin to set up a second factor (TOTP)",
      description:
        "For staff. Nothing is asked for until it is confirmed; to begin again makes another secret. Later than ten " +
        "minutes after signing in it is refused with `step_up_required`, until `POST /auth/step-up` by the password.",
      middleware: [signedIn(), staff()] as const,
      responses: answers(200, "What an authenticator app needs, shown this once.", NewTotp, 401, 403, 409),
    }),
    async (c) => c.json(await user.beginTotp({}), 200),
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/confirm",
      tags,
      summary: "Turn the second factor on by its first code",
      middleware: [signedIn(), staff()] as const,
      request: { body: jsonBody(CodeInput) },
      responses: answers(200, "Ten recovery codes, shown this once.", RecoveryCodes, 401, 403, 409, 429),
    }),
    async (c) => {
      await counted(c);
      const codes = await user.confirmTotp(c.req.valid("json"));
      await forget();
      return c.json(codes, 200);
    },
  );

  app.openapi(
    createRoute({
      method: "delete",
      path: "/",
      tags,
      summary: "Turn the second factor off",
      middleware: [signedIn()] as const,
      request: { body: jsonBody(CodeInput) },
      responses: answers(204, "It is off.", undefined, 401, 403, 409, 429),
    }),
    async (c) => {
      await counted(c);
      await user.disableTotp(c.req.valid("json"));
      await forget();
      return c.body(null, 204);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/recovery-codes",
      tags,
      summary: "Make new recovery codes",
      description: "The old ones are dead.",
      middleware: [signedIn()] as const,
      request: { body: jsonBody(CodeInput) },
      responses: answers(200, "Ten recovery codes, shown this once.", RecoveryCodes, 401, 403, 409, 429),
    }),
    async (c) => {
      await counted(c);
      return c.json(await user.renewRecoveryCodes(c.req.valid("json")), 200);
    },
  );

  return app;
}

/** /users/{id}/totp: for the admin whom somebody asks who lost the telephone. */
export function totpReset({ clients: { user } }: Deps) {
  const app = createRoutes();
  app.openapi(
    createRoute({
      method: "delete",
      path: "/{id}/totp",
      tags,
      summary: "Turn somebody's second factor off",
      description: "By admins. The user's sessions learn of it within seconds.",
      middleware: [allow("platform:write"), visible((id) => user.getUser({ id }))] as const,
      request: { params },
      responses: answers(204, "It is off.", undefined, 401, 403, 404),
    }),
    async (c) => {
      await user.resetTotp({ user_id: c.req.valid("param").id });
      return c.body(null, 204);
    },
  );
  return app;
}

/** /auth/step-up: what is sensitive asks staff with a second factor for it first. */
export function stepUp({ clients: { user }, limits, sessions }: Deps) {
  const app = createRoutes();
  app.openapi(
    createRoute({
      method: "post",
      path: "/step-up",
      tags,
      summary: "Confirm that it is you",
      description:
        "By a code or the password. For five minutes the session may then do what is refused with `step_up_required`: " +
        "refunds over the operator's amount, roles, API keys, another's password or e-mail address. " +
        "Only staff with a second factor are ever asked, and who sets one up long after signing in.",
      middleware: [signedIn()] as const,
      request: { body: jsonBody(StepUpInput) },
      responses: answers(200, "Confirmed.", z.object({ expire_time: Time }).openapi("StepUp"), 401, 403, 409, 429),
    }),
    async (c) => {
      const { email, user_id, session_id } = currentActor();
      await limits.takeAccount(c, "login_account", email ?? user_id ?? "");
      const { expire_time } = await user.stepUp(c.req.valid("json"));
      if (session_id) await sessions.forget(session_id);
      return c.json({ expire_time: expire_time?.toISOString() ?? "" }, 200);
    },
  );
  return app;
}

import { createRoute, z } from "@hono/zod-openapi";
import type { Tokens as TokensMessage } from "../../../proto/gen/nano/user/v1/user.ts";
import type { Deps } from "../app.ts";
import { currentActor } from "../../shared/auth.ts";
import { asSystem, withTimeout } from "../../shared/context.ts";
import { NanoError } from "../../shared/errors.ts";
import { clientOf } from "../client_facts.ts";
import type { RequestContext } from "../env.ts";
import { signedIn } from "../guards.ts";
import { answers, createRoutes, jsonBody } from "../openapi.ts";
import { text } from "../schemas.ts";
import { Code } from "./totp.ts";
import { Email, Password, presentTokens, Tokens } from "./user_schemas.ts";

const RegisterInput = z.strictObject({
  email: Email,
  password: Password,
  name: text(200).nullish().openapi({ example: "Ada Lovelace" }),
}).openapi("RegisterInput");

const LoginInput = z.strictObject({
  email: text(320, 0),
  password: text(1024, 0),
  code: Code.optional().openapi({ description: "From who has a second factor: its code, or a recovery code." }),
}).openapi("LoginInput", {
  example: { email: "ada@example.com", password: "correct horse battery" },
});

const RefreshInput = z.strictObject({ refresh_token: text(200) }).openapi("RefreshInput", {
  example: { refresh_token: "q1Zr0p5mS7c2tXvB9nKd4wYhUeJfLgOiAaPzRxTs3M8" },
});

/** How long signing in waits for the guest's cart at most. */
const MERGE_MS = 2_000;

/** /auth: accounts and sessions. */
export function auth({ clients, limits, sessions, stores, log }: Deps) {
  const app = createRoutes();

  app.openapi(
    createRoute({
      method: "post",
      path: "/register",
      tags: ["Auth"],
      summary: "Register a customer and sign in",
      description: "A guest's cart, named by `X-Cart-Token`, becomes the customer's.",
      middleware: [limits.perAddress("register")] as const,
      request: { body: jsonBody(RegisterInput) },
      responses: answers(201, "The new user, signed in.", Tokens, 404, 409, 429),
    }),
    async (c) => {
      const { name, ...input } = c.req.valid("json");
      const { id: store_id } = await stores.of(c);
      const tokens = await clients.user.register({
        ...input,
        ...(name ? { name } : {}),
        store_id,
        client: clientOf(c),
      });
      await mergeCart(tokens);
      return answer(c, tokens, 201);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/login",
      tags: ["Auth"],
      summary: "Sign in",
      description: "A guest's cart, named by `X-Cart-Token`, is merged into the user's. Who has a second factor is " +
        "refused with `totp_required` without its `code`.",
      middleware: [limits.perAddress("login_address")] as const,
      request: { body: jsonBody(LoginInput) },
      responses: answers(200, "The user, signed in.", Tokens, 401, 404, 429),
    }),
    async (c) => {
      const input = c.req.valid("json");
      await limits.takeAccount(c, "login_account", input.email);
      const { id: store_id } = await stores.of(c);
      const tokens = await clients.user.login({ ...input, store_id, client: clientOf(c) });
      await mergeCart(tokens);
      return answer(c, tokens, 200);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/refresh",
      tags: ["Auth"],
      summary: "Get the next pair of tokens",
      description:
        "The refresh token is spent. Shown again it ends the session, but for 10 s in which another tab may race.",
      request: { body: jsonBody(RefreshInput) },
      responses: answers(200, "The next pair.", Tokens, 401),
    }),
    async (c) => {
      const request = { ...c.req.valid("json"), client: clientOf(c) };
      return answer(c, await clients.user.refresh(request).catch(reused), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/logout",
      tags: ["Auth"],
      summary: "Sign out",
      description: "The session's access and refresh tokens are dead at once.",
      middleware: [signedIn()] as const,
      responses: answers(204, "Signed out.", undefined, 401),
    }),
    async (c) => {
      const { session_id } = currentActor();
      await clients.user.logout({});
      if (session_id) await sessions.kill([session_id]);
      return c.body(null, 204);
    },
  );

  /** Merges the guest's cart into the user's. It does not keep anybody out: the next sign-in would merge it, too. */
  async function mergeCart({ user }: TokensMessage): Promise<void> {
    const { guest_hash } = currentActor();
    if (!guest_hash || !user) return;
    try {
      await withTimeout(MERGE_MS, () => asSystem(() => clients.cart.mergeCarts({ guest_hash, user_id: user.id })));
    } catch (error) {
      log.warn({ err: error }, "a guest's cart was not merged");
    }
  }

  /** A reused token has ended its session: the gateways hear of it, the client does not hear which it was. */
  async function reused(error: unknown): Promise<never> {
    if (!(error instanceof NanoError) || error.code !== "token_reused") throw error;
    const session_id = error.extras.members?.["session_id"];
    if (typeof session_id === "string") await sessions.kill([session_id]);
    throw new NanoError(error.kind, error.code, error.message);
  }

  return app;
}

function answer(c: RequestContext, tokens: TokensMessage, status: 200 | 201) {
  return c.json(presentTokens(tokens), status);
}

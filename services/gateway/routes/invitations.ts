import { createRoute, z } from "@hono/zod-openapi";
import type { Invitation as InvitationMessage } from "../../../proto/gen/nano/user/v1/identity.ts";
import { currentActor } from "../../shared/auth.ts";
import type { Deps } from "../app.ts";
import { clientOf } from "../client_facts.ts";
import { allow } from "../guards.ts";
import { answers, createRoutes, jsonBody } from "../openapi.ts";
import { Id, pageOf, pageQuery, presentPage, text, Time } from "../schemas.ts";
import { storeNamed } from "../stores.ts";
import { Email, LinkToken, Password, presentTokens, presentUser, Tokens, User } from "./user_schemas.ts";

const Role = z.enum(["support", "manager"]);

const Invitation = z.object({
  id: Id,
  email: z.string().openapi({ example: "ada@example.com" }),
  store_id: Id,
  role: Role,
  inviter_id: Id.nullable(),
  create_time: Time,
  expire_time: Time,
  send_time: Time.nullable().openapi({ description: "When the mail was handed over; null until then." }),
}).openapi("Invitation");

const InvitationInput = z.strictObject({ email: Email, store_id: Id, role: Role }).openapi("InvitationInput", {
  example: { email: "ada@example.com", store_id: "019aa0b4-7a3c-7c55-9b7e-3f1d2c4b5a69", role: "support" },
});

const CheckInput = z.strictObject({ token: LinkToken }).openapi("InvitationToken");

const Offer = z.object({
  email: z.string().openapi({ example: "ada@example.com" }),
  store: z.object({ id: Id, name: z.string().openapi({ example: "Nano Store" }) }),
  role: Role,
  expire_time: Time,
  has_account: z.boolean().openapi({
    description: "Whether there is an account with that e-mail address: then it must be signed in to accept.",
  }),
}).openapi("InvitationOffer");

const AcceptInput = z.strictObject({
  token: LinkToken,
  name: text(200).nullish().openapi({ description: "Of a new account.", example: "Ada Lovelace" }),
  password: Password.optional(),
}).openapi("AcceptInvitationInput");

const Accepted = z.object({ user: User, ...Tokens.omit({ user: true }).partial().shape }).openapi("InvitationAccepted");

const params = z.object({ id: z.string().openapi({ description: "The invitation's id." }) });

/** /invitations: who is to join a store's staff, by a link in a mail. */
export function invitations({ clients, limits, sessions, stores }: Deps) {
  const app = createRoutes();

  app.openapi(
    createRoute({
      method: "post",
      path: "/",
      tags: ["Staff"],
      summary: "Invite somebody to a store's staff",
      description: "By its managers and admins. The link works once, within seven days; a newer one for the same " +
        "person and store ends it. Whether there is an account already makes no difference here.",
      middleware: [allow("user:write"), limits.perPrincipal("mail")] as const,
      request: { body: jsonBody(InvitationInput) },
      responses: answers(201, "The invitation; its mail is on its way.", Invitation, 401, 403, 404, 409, 429),
    }),
    async (c) => {
      const input = c.req.valid("json");
      // The user service does not know which there are.
      await clients.store.getStore({ id_or_slug: input.store_id });
      const made = present(await clients.user.createInvitation(input));
      return c.json(made, 201);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/",
      tags: ["Staff"],
      summary: "List open invitations, newest first",
      description: "All for an admin, a manager's own stores'; of one store where `X-Store` or `?store=` names it.",
      middleware: [allow("user:read")] as const,
      request: { query: z.object({ limit: pageQuery.limit, cursor: pageQuery.cursor }) },
      responses: answers(200, "A page of invitations.", pageOf(Invitation), 401, 403, 404),
    }),
    async (c) => {
      const named = storeNamed(c);
      const store = named ? { store_id: (await stores.of(c)).id } : {};
      const page = await clients.user.listInvitations({ ...c.req.valid("query"), ...store });
      return c.json(presentPage(page, present), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "delete",
      path: "/{id}",
      tags: ["Staff"],
      summary: "Take an invitation back",
      description: "Its link works no more.",
      middleware: [allow("user:write")] as const,
      request: { params },
      responses: answers(204, "Taken back.", undefined, 401, 403, 404),
    }),
    async (c) => {
      await clients.user.deleteInvitation(c.req.valid("param"));
      return c.body(null, 204);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/check",
      tags: ["Staff"],
      summary: "Look at an invitation by its token",
      description: "Spends nothing.",
      middleware: [limits.perAddress("link")] as const,
      request: { body: jsonBody(CheckInput) },
      responses: answers(200, "What the link invites to.", Offer, 429),
    }),
    async (c) => {
      const { store_id, role, email, expire_time, has_account } = await clients.user.checkInvitation(
        c.req.valid("json"),
      );
      const { name } = await clients.store.getStore({ id_or_slug: store_id });
      const offer = { email, store: { id: store_id, name }, role: roleOf(role), has_account };
      return c.json({ ...offer, expire_time: expire_time?.toISOString() ?? "" }, 200);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/accept",
      tags: ["Staff"],
      summary: "Accept an invitation",
      description: "By who is signed in with the invited e-mail address; or without being signed in, where there is " +
        "no account with it: then `password` makes one, which is signed in. Other sessions of the account end.",
      middleware: [limits.perAddress("link")] as const,
      request: { body: jsonBody(AcceptInput) },
      responses: answers(200, "The user with the new role, and the tokens of a new account.", Accepted, 403, 409, 429),
    }),
    async (c) => {
      const { name, ...input } = c.req.valid("json");
      const { session_id } = currentActor();
      const { tokens, user, dead_session_ids } = await clients.user.acceptInvitation({
        ...input,
        ...(name ? { name } : {}),
        client: clientOf(c),
      });
      await sessions.kill(dead_session_ids);
      // It goes on with the new role.
      if (session_id) await sessions.forget(session_id);
      return c.json(tokens ? presentTokens(tokens) : { user: presentUser(user) }, 200);
    },
  );

  return app;
}

function present({ id, email, store_id, role, inviter_id, ...times }: InvitationMessage) {
  return {
    id,
    email,
    store_id,
    role: roleOf(role),
    inviter_id: inviter_id ?? null,
    create_time: times.create_time?.toISOString() ?? "",
    expire_time: times.expire_time?.toISOString() ?? "",
    send_time: times.send_time?.toISOString() ?? null,
  };
}

function roleOf(role: string): "support" | "manager" {
  return role === "manager" ? "manager" : "support";
}

import { createRoute, z } from "@hono/zod-openapi";
import type { UpdateUserRequest, User as UserMessage } from "../../../proto/gen/nano/user/v1/user.ts";
import type { Deps } from "../app.ts";
import { currentActor, userId } from "../../shared/auth.ts";
import { invalid, NanoError } from "../../shared/errors.ts";
import { permissionsOf } from "../../shared/permissions.ts";
import { allow, signedIn, visible } from "../guards.ts";
import { answers, createRoutes, jsonBody } from "../openapi.ts";
import { pageOf, pageQuery, presentPage, text } from "../schemas.ts";
import { storeNamed } from "../stores.ts";
import { addresses } from "./addresses.ts";
import { Email, Password, presentUser, StoreRole, User } from "./user_schemas.ts";

const Me = User.extend({
  email_verified: z.boolean().openapi({ description: "Whether the e-mail address was proven by a mailed link." }),
  permissions: z.record(z.string(), z.array(z.string())).openapi({
    description: "By store id; `*` stands for all stores.",
    example: { "*": ["product:read", "product:write"] },
  }),
}).openapi("Me");

const own = {
  name: text(200, 0).nullable().optional().openapi({ description: "null for none.", example: "Ada Lovelace" }),
  email: Email.optional(),
  password: Password.optional(),
  current_password: text(1024, 0).optional().openapi({
    description: "Needed to change the own e-mail address or password.",
    format: "password",
  }),
};

const MePatch = z.strictObject(own).openapi("MePatch", { example: { name: "Ada Lovelace" } });

const UserPatch = z.strictObject({
  ...own,
  role: z.enum(["customer", "admin"]).optional().openapi({ description: "Set by admins only." }),
  store_roles: z.array(StoreRole).max(1000).optional().openapi({
    description: "All roles in stores; from a manager, those in the manager's own stores.",
  }),
}).openapi("UserPatch", {
  example: { store_roles: [{ store_id: "019aa0b4-7a3c-7c55-9b7e-3f1d2c4b5a69", role: "support" }] },
});

const NewUser = z.strictObject({
  email: Email,
  name: text(200).optional().openapi({ example: "Ada Lovelace" }),
  password: Password,
  store_roles: z.array(StoreRole).max(1000).optional(),
}).openapi("NewUser", {
  example: {
    email: "ada@example.com",
    name: "Ada Lovelace",
    password: "correct horse battery",
    store_roles: [{ store_id: "019aa0b4-7a3c-7c55-9b7e-3f1d2c4b5a69", role: "support" }],
  },
});

const params = z.object({ id: z.string().openapi({ description: "The user's id." }) });

const listQuery = z.object({
  ...pageQuery,
  q: text(200).optional().openapi({ description: "A part of the e-mail address or name.", example: "ada" }),
  role: z.enum(["customer", "admin", "support", "manager"]).optional(),
});

/** How many stores are asked for at a time. */
const AT_ONCE = 50;

/** /users: oneself, and for admins and managers others. */
export function users(deps: Deps) {
  const { clients, limits, sessions, stores } = deps;
  const app = createRoutes();

  app.route("/me/addresses", addresses(deps));

  app.openapi(
    createRoute({
      method: "get",
      path: "/me",
      tags: ["Users"],
      summary: "Get oneself, with all permissions",
      middleware: [signedIn()] as const,
      responses: answers(200, "The signed-in user.", Me, 401),
    }),
    async (c) => c.json(presentMe(await clients.user.getUser({ id: userId(currentActor()) })), 200),
  );

  app.openapi(
    createRoute({
      method: "patch",
      path: "/me",
      tags: ["Users"],
      summary: "Change oneself",
      description: "A new password ends all other sessions.",
      middleware: [signedIn()] as const,
      request: { body: jsonBody(MePatch) },
      responses: answers(200, "The signed-in user.", Me, 401, 403, 409, 429),
    }),
    async (c) => {
      const { user_id: id = "", email, session_id } = currentActor();
      const patch = c.req.valid("json");
      // A stolen session is no way to guess the password.
      if (patch.current_password !== undefined) await limits.takeAccount(c, "login_account", email ?? id);
      const store = patch.email === undefined ? {} : { store_id: (await stores.of(c)).id };
      const user = await update({ id, ...message(patch), ...store });
      if (patch.email !== undefined && session_id) await sessions.forget(session_id);
      return c.json(presentMe(user), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/",
      tags: ["Users"],
      summary: "List users, newest first",
      description:
        "All for an admin, a manager's own staff and customers; of one store where `X-Store` or `?store=` names it.",
      middleware: [allow("user:read")] as const,
      request: { query: listQuery },
      responses: answers(200, "A page of users.", pageOf(User), 401, 403, 404),
    }),
    async (c) => {
      const { count, ...query } = c.req.valid("query");
      const named = storeNamed(c);
      const store = named ? { store_id: (await stores.of(c)).id } : {};
      const page = await clients.user.listUsers({ ...query, ...store, count: count === "exact" });
      return c.json(presentPage(page, presentUser), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/",
      tags: ["Users"],
      summary: "Create an account for somebody else",
      description: "By admins; by managers with roles in the own stores only. Nobody is signed in.",
      middleware: [allow("user:write")] as const,
      request: { body: jsonBody(NewUser) },
      responses: answers(201, "The user.", User, 401, 403, 409),
    }),
    async (c) => {
      const { store_roles = [], ...user } = c.req.valid("json");
      await storesExist(store_roles);
      const created = presentUser(await clients.user.createUser({ ...user, store_roles }));
      c.header("Location", `/users/${created.id}`);
      return c.json(created, 201);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/{id}",
      tags: ["Users"],
      summary: "Get a user",
      description: "A manager sees the staff and customers of the own store, and their roles there.",
      middleware: [allow("user:read")] as const,
      request: { params },
      responses: answers(200, "The user.", User, 401, 403, 404),
    }),
    async (c) => c.json(presentUser(await clients.user.getUser(c.req.valid("param"))), 200),
  );

  app.openapi(
    createRoute({
      method: "patch",
      path: "/{id}",
      tags: ["Users"],
      summary: "Change a user",
      description:
        "An admin changes all of it, a manager the roles in the own store; nobody the own role. A new password or role ends the user's sessions.",
      middleware: [allow("user:write"), visible((id) => clients.user.getUser({ id }))] as const,
      request: { params, body: jsonBody(UserPatch) },
      responses: answers(200, "The user.", User, 401, 403, 404, 409),
    }),
    async (c) => {
      const patch = c.req.valid("json");
      if (patch.current_password !== undefined) {
        await limits.takeAccount(c, "login_account", currentActor().email ?? "");
      }
      await storesExist(patch.store_roles ?? []);
      return c.json(presentUser(await update({ ...c.req.valid("param"), ...message(patch) })), 200);
    },
  );

  /** Refuses roles in stores that there are not: the user service does not know which there are. */
  async function storesExist(roles: { store_id: string }[]): Promise<void> {
    const ids = roles.map(({ store_id }) => store_id);
    const exists = (id: string) =>
      clients.store.getStore({ id_or_slug: id }).catch((error) => {
        if (!(error instanceof NanoError) || error.kind !== "not_found") throw error;
        throw invalid("invalid_store_roles", "There is no such store.", `/store_roles/${ids.indexOf(id)}/store_id`);
      });
    const different = [...new Set(ids)];
    // A thousand at once would be more than the store service admits.
    for (let from = 0; from < different.length; from += AT_ONCE) {
      await Promise.all(different.slice(from, from + AT_ONCE).map(exists));
    }
  }

  /** Changes a user, and lets the gateways know which sessions that ended. */
  async function update(request: UpdateUserRequest): Promise<UserMessage | undefined> {
    const { user, dead_session_ids } = await clients.user.updateUser(request);
    await sessions.kill(dead_session_ids);
    return user;
  }

  return app;
}

function message({ name, store_roles, ...patch }: z.infer<typeof UserPatch>): Omit<UpdateUserRequest, "id"> {
  return {
    ...patch,
    ...(name === undefined ? {} : { name: name ?? "" }),
    store_roles: store_roles ?? [],
    has_store_roles: store_roles !== undefined,
  };
}

function presentMe(user: UserMessage | undefined) {
  const shown = presentUser(user);
  return { ...shown, email_verified: user?.email_verified ?? false, permissions: permissionsOf(shown) };
}

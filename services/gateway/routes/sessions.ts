import { createRoute, z } from "@hono/zod-openapi";
import type { SessionInfo } from "../../../proto/gen/nano/user/v1/identity.ts";
import { currentActor, userId } from "../../shared/auth.ts";
import type { Deps } from "../app.ts";
import { allow, signedIn } from "../guards.ts";
import { answers, createRoutes } from "../openapi.ts";
import { Id, pageOf, pageQuery, presentPage, Time } from "../schemas.ts";

const Session = z.object({
  id: Id,
  create_time: Time,
  last_used_time: Time.openapi({ description: "To a minute." }),
  ip: z.string().nullable().openapi({
    description: "The network of the last sign-in or refresh, not the address.",
    example: "203.0.113.0/24",
  }),
  user_agent: z.string().nullable().openapi({ example: "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0" }),
  current: z.boolean().openapi({ description: "Whether it is the session that asks." }),
}).openapi("Session");

const sessionParams = z.object({ session_id: z.string().openapi({ description: "The session's id." }) });
const userParams = z.object({ id: z.string().openapi({ description: "The user's id." }) });
const query = z.object({ limit: pageQuery.limit, cursor: pageQuery.cursor });

/** /users/me/sessions and /users/{id}/sessions: who is signed in where, and the end of that. */
export function sessionRoutes({ clients, sessions }: Deps) {
  const app = createRoutes();

  app.openapi(
    createRoute({
      method: "get",
      path: "/me/sessions",
      tags: ["Sessions"],
      summary: "List one's sessions, newest first",
      middleware: [signedIn()] as const,
      request: { query },
      responses: answers(200, "A page of live sessions.", pageOf(Session), 401),
    }),
    async (c) => c.json(await list(userId(currentActor()), c.req.valid("query")), 200),
  );

  app.openapi(
    createRoute({
      method: "delete",
      path: "/me/sessions",
      tags: ["Sessions"],
      summary: "End all one's other sessions",
      description: "They are dead at once.",
      middleware: [signedIn()] as const,
      responses: answers(204, "Ended.", undefined, 401),
    }),
    async (c) => {
      await end(userId(currentActor()));
      return c.body(null, 204);
    },
  );

  app.openapi(
    createRoute({
      method: "delete",
      path: "/me/sessions/{session_id}",
      tags: ["Sessions"],
      summary: "End one of one's sessions",
      description: "It is dead at once. The one that asks may be ended, too.",
      middleware: [signedIn()] as const,
      request: { params: sessionParams },
      responses: answers(204, "Ended.", undefined, 401, 404),
    }),
    async (c) => {
      await end(userId(currentActor()), c.req.valid("param").session_id);
      return c.body(null, 204);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/{id}/sessions",
      tags: ["Sessions"],
      summary: "List somebody's sessions, newest first",
      description: "An admin sees anybody's, a manager those of who works in the own stores only.",
      middleware: [allow("user:write")] as const,
      request: { params: userParams, query },
      responses: answers(200, "A page of live sessions.", pageOf(Session), 401, 403, 404),
    }),
    async (c) => c.json(await list(c.req.valid("param").id, c.req.valid("query")), 200),
  );

  app.openapi(
    createRoute({
      method: "delete",
      path: "/{id}/sessions",
      tags: ["Sessions"],
      summary: "End all somebody's sessions",
      description: "They are dead at once. Of oneself the session that asks is spared.",
      middleware: [allow("user:write")] as const,
      request: { params: userParams },
      responses: answers(204, "Ended.", undefined, 401, 403, 404),
    }),
    async (c) => {
      await end(c.req.valid("param").id);
      return c.body(null, 204);
    },
  );

  app.openapi(
    createRoute({
      method: "delete",
      path: "/{id}/sessions/{session_id}",
      tags: ["Sessions"],
      summary: "End one of somebody's sessions",
      middleware: [allow("user:write")] as const,
      request: { params: userParams.extend(sessionParams.shape) },
      responses: answers(204, "Ended.", undefined, 401, 403, 404),
    }),
    async (c) => {
      const { id, session_id } = c.req.valid("param");
      await end(id, session_id);
      return c.body(null, 204);
    },
  );

  async function list(user_id: string, page: z.infer<typeof query>) {
    return presentPage(await clients.user.listSessions({ user_id, ...page }), present);
  }

  /** PostgreSQL first, then every gateway hears of it. */
  async function end(user_id: string, id?: string): Promise<void> {
    const { dead_session_ids } = await clients.user.endSessions({ user_id, id });
    await sessions.kill(dead_session_ids);
  }

  return app;
}

function present({ id, create_time, last_used_time, ip, user_agent }: SessionInfo) {
  return {
    id,
    create_time: create_time?.toISOString() ?? "",
    last_used_time: last_used_time?.toISOString() ?? "",
    ip: ip ?? null,
    user_agent: user_agent ?? null,
    current: currentActor().session_id === id,
  };
}

import { createRoute, z } from "@hono/zod-openapi";
import type { Erasure as ErasureMessage } from "../../../proto/gen/nano/user/v1/user.ts";
import { currentActor, userId } from "../../shared/auth.ts";
import type { Deps } from "../app.ts";
import { download } from "../csv.ts";
import type { RequestContext } from "../env.ts";
import { allow, signedIn } from "../guards.ts";
import { answers, createRoutes, jsonBody } from "../openapi.ts";
import { Id, text, Time } from "../schemas.ts";

const tags = ["Personal data"];
const params = z.object({ id: z.string().openapi({ description: "The user's id." }) });

const Erasure = z.object({
  id: Id.openapi({ description: "The user's id." }),
  state: z.enum(["erasing", "erased"]).openapi({ example: "erasing" }),
  create_time: Time,
  done_time: Time.nullable(),
}).openapi("Erasure");

const OwnErasure = z.strictObject({
  password: text(1024, 0).openapi({ description: "The present password.", format: "password" }),
}).openapi("OwnErasure", { example: { password: "correct horse battery" } });

const PersonalData = z.object({
  export_time: Time,
  user: z.record(z.string(), z.unknown()).openapi({
    description: "The account, addresses, sessions, roles, and what the audit log says of the user.",
    example: { account: { email: "ada@example.com", name: "Ada Lovelace" }, addresses: [] },
  }),
  carts: z.array(z.record(z.string(), z.unknown())),
  orders: z.array(z.record(z.string(), z.unknown())).openapi({
    description: "With their lines, history, notes and shipments.",
  }),
  payments: z.array(z.record(z.string(), z.unknown())).openapi({ description: "With their refunds." }),
  events: z.array(z.record(z.string(), z.unknown())).openapi({
    description: "What merchants' webhooks were told of the account in the last 30 days.",
  }),
}).openapi("PersonalData");

const EXPORTED =
  "One JSON file, streamed; of sessions, exports and the audit log the newest 1,000 each. What a guest " +
  "did under the same e-mail address is in it only where that address is verified, or an admin asks, who has made " +
  "sure. That it was handed out is in the audit log.";

const ERASED = "From now on nobody can sign in; a job erases everywhere, as `GET /users/{id}/erasure` tells. " +
  "**Erased**: the account, addresses, sessions and carts; in orders the e-mail address, names, addresses but for the " +
  "country, notes and tracking numbers; reasons of refunds; the copies in events and webhook logs. " +
  "**Kept**, as the law on bookkeeping has it: orders with their numbers, lines, amounts and countries, payments, " +
  "refunds and the ledger, under an id that leads to nobody any more; and the audit log, which names no person. " +
  "Orders that are not completed, cancelled, expired or refunded come first: until then 409 `orders_in_progress`, " +
  "which names them. Stores that knew the customer hear `customer.erased`, so that they erase what they copied.";

/** /users: to hand out all that is held of a person, and to erase the person. Mounted before users.ts. */
export function personalData({ clients, limits, sessions }: Deps) {
  const app = createRoutes();

  app.openapi(
    createRoute({
      method: "get",
      path: "/me/export",
      tags,
      summary: "Export all that is held about oneself",
      description: EXPORTED,
      // Each is written down, for ever.
      middleware: [signedIn(), limits.perPrincipal("export")] as const,
      responses: answers(200, "All of it.", PersonalData, 401, 429),
    }),
    (c) => exportOf(c, userId(currentActor())),
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/{id}/export",
      tags,
      summary: "Export all that is held about a user",
      description: `By admins. ${EXPORTED}`,
      middleware: [allow("privacy:write")] as const,
      request: { params },
      responses: answers(200, "All of it.", PersonalData, 401, 403, 404),
    }),
    (c) => exportOf(c, c.req.valid("param").id),
  );

  app.openapi(
    createRoute({
      method: "delete",
      path: "/me",
      tags,
      summary: "Erase oneself",
      description: ERASED,
      middleware: [signedIn()] as const,
      request: { body: jsonBody(OwnErasure) },
      responses: answers(202, "It has begun.", Erasure, 401, 403, 409, 429),
    }),
    async (c) => {
      const { email } = currentActor();
      const id = userId(currentActor());
      // A stolen session is no way to guess the password.
      await limits.takeAccount(c, "login_account", email ?? id);
      return c.json(await erase(id, c.req.valid("json").password), 202);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/{id}/erase",
      tags,
      summary: "Erase a user",
      description: `By admins, for others than themselves. ${ERASED}`,
      middleware: [allow("privacy:write")] as const,
      request: { params },
      responses: answers(202, "It has begun.", Erasure, 401, 403, 404, 409),
    }),
    async (c) => c.json(await erase(c.req.valid("param").id), 202),
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/{id}/erasure",
      tags,
      summary: "Tell how far the erasure of a user is",
      description: "By admins.",
      middleware: [allow("privacy:write")] as const,
      request: { params },
      responses: answers(200, "The erasure.", Erasure, 401, 403, 404),
    }),
    async (c) => c.json(present(await clients.user.getErasure(c.req.valid("param"))), 200),
  );

  async function erase(id: string, password?: string) {
    const { erasure, dead_session_ids } = await clients.user.eraseUser({ id, ...(password ? { password } : {}) });
    await sessions.kill(dead_session_ids);
    return present(erasure);
  }

  /** One JSON object, section by section; a section may have several pages. */
  async function exportOf(c: RequestContext, user_id: string): Promise<Response> {
    const { email } = await clients.user.recordExport({ kind: "person", user_id, filter_json: "{}" });
    const person = { user_id, order_ids: [], ...(email ? { email } : {}) };
    const sections = [
      ["carts", clients.cart.exportPerson],
      ["orders", clients.order.exportPerson],
      ["payments", clients.payment.exportPerson],
      ["events", clients.store.exportPerson],
    ] as const;
    // The payment service knows no addresses: of a guest's payments it is told the orders, which come before.
    const order_ids: string[] = [];
    return await download(c, `personal-data-${user_id}.json`, "application/json", "", async (at) => {
      if (at === undefined) {
        const { data_json } = await clients.user.exportPerson(person);
        return { lines: `{"export_time":"${new Date().toISOString()}","user":${data_json}`, next_cursor: "0" };
      }
      const [index = "0", cursor] = at.split(" ");
      const section = sections[Number(index)];
      if (!section) throw new Error(`Cannot export section ${index} as there is none.`);
      const [name, read] = section;
      const { data_json, next_cursor } = await read({
        ...person,
        ...(name === "payments" ? { order_ids } : {}),
        ...(cursor ? { cursor } : {}),
      });
      const items = (JSON.parse(data_json) as Record<string, { id: string; user_id?: string | null }[]>)[name] ?? [];
      if (name === "orders") order_ids.push(...items.filter(({ user_id }) => user_id === null).map(({ id }) => id));
      const begin = cursor ? (items.length ? "," : "") : `,"${name}":[`;
      const text = begin + items.map((item) => JSON.stringify(item)).join(",");
      if (next_cursor) return { lines: text, next_cursor: `${index} ${next_cursor}` };
      const last = Number(index) === sections.length - 1;
      return last ? { lines: `${text}]}\n` } : { lines: `${text}]`, next_cursor: String(Number(index) + 1) };
    });
  }

  return app;
}

function present(erasure: ErasureMessage | undefined) {
  if (!erasure) throw new Error("Cannot present an erasure as the answer has none.");
  return {
    id: erasure.id,
    state: erasure.state === "erased" ? "erased" as const : "erasing" as const,
    create_time: erasure.create_time?.toISOString() ?? "",
    done_time: erasure.done_time?.toISOString() ?? null,
  };
}

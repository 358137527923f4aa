import { createRoute, z } from "@hono/zod-openapi";
import type { UserAddress as UserAddressMessage } from "../../../proto/gen/nano/user/v1/user.ts";
import type { Deps } from "../app.ts";
import { notFound } from "../../shared/errors.ts";
import { signedIn, visible } from "../guards.ts";
import { answers, createRoutes, jsonBody } from "../openapi.ts";
import { Address, Id, pageOf, pageQuery, presentPage, Time } from "../schemas.ts";

// Not extend(): that would be `allOf` two schemas that each refuse what the other has.
const UserAddress = z.strictObject({ id: Id, ...Address.shape, create_time: Time, update_time: Time })
  .openapi("UserAddress");

const { company, line2, region, phone } = Address.shape;
const AddressPatch = Address.partial().extend({
  company: company.nullable(),
  line2: line2.nullable(),
  region: region.nullable(),
  phone: phone.nullable(),
}).openapi("AddressPatch", { example: { city: "Paris", company: null } });

const params = z.object({ id: z.string().openapi({ description: "The address's id." }) });

/** A whole address book: at most 50. */
const ALL = { limit: 100 };

/** /users/me/addresses: one's own address book. */
export function addresses({ clients }: Deps) {
  const app = createRoutes();

  app.openapi(
    createRoute({
      method: "get",
      path: "/",
      tags: ["Users"],
      summary: "List one's addresses, newest first",
      middleware: [signedIn()] as const,
      request: { query: z.object(pageQuery) },
      responses: answers(200, "A page of addresses.", pageOf(UserAddress), 401),
    }),
    async (c) => {
      const { count, ...query } = c.req.valid("query");
      const page = await clients.user.listAddresses(query);
      const total = count ? { total: (await clients.user.listAddresses(ALL)).data.length } : {};
      return c.json(presentPage({ ...page, ...total }, present), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/",
      tags: ["Users"],
      summary: "Add an address",
      description: "At most 50.",
      middleware: [signedIn()] as const,
      request: { body: jsonBody(Address) },
      responses: answers(201, "The address.", UserAddress, 401, 409),
    }),
    async (c) => {
      const address = present(await clients.user.createAddress({ address: c.req.valid("json") }));
      c.header("Location", `/users/me/addresses/${address.id}`);
      return c.json(address, 201);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/{id}",
      tags: ["Users"],
      summary: "Get one of one's addresses",
      middleware: [signedIn()] as const,
      request: { params },
      responses: answers(200, "The address.", UserAddress, 401, 404),
    }),
    async (c) => c.json(present(await find(c.req.valid("param").id)), 200),
  );

  app.openapi(
    createRoute({
      method: "patch",
      path: "/{id}",
      tags: ["Users"],
      summary: "Change an address",
      description: "The fields given; null clears an optional one.",
      middleware: [signedIn(), visible(find)] as const,
      request: { params, body: jsonBody(AddressPatch) },
      responses: answers(200, "The address.", UserAddress, 401, 404),
    }),
    async (c) => {
      const patch_json = JSON.stringify(c.req.valid("json"));
      return c.json(present(await clients.user.updateAddress({ ...c.req.valid("param"), patch_json })), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "delete",
      path: "/{id}",
      tags: ["Users"],
      summary: "Delete an address",
      middleware: [signedIn()] as const,
      request: { params },
      responses: answers(204, "Deleted.", undefined, 401, 404),
    }),
    async (c) => {
      await clients.user.deleteAddress(c.req.valid("param"));
      return c.body(null, 204);
    },
  );

  async function find(id: string): Promise<UserAddressMessage> {
    const { data } = await clients.user.listAddresses(ALL);
    const address = data.find((address) => address.id === id);
    if (!address) throw notFound("address");
    return address;
  }

  return app;
}

function present({ id, address, create_time, update_time }: UserAddressMessage) {
  if (!address) throw new Error("Cannot present an address as the answer has none.");
  return {
    id,
    ...address,
    create_time: create_time?.toISOString() ?? "",
    update_time: update_time?.toISOString() ?? "",
  };
}

import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { Hono } from "@hono/hono";
import { unavailable } from "../shared/errors.ts";
import type { Clients } from "./clients.ts";
import { noteCustomer } from "./customers.ts";
import type { Env } from "./env.ts";

/** Orders once in store "b" as a user whom some stores know; gives what was linked, and the answer's status. */
async function order(customer_of: string[] | undefined, fails = false) {
  const linked: unknown[] = [];
  const user = {
    linkCustomer: (request: unknown) => {
      linked.push(request);
      return fails ? Promise.reject(unavailable()) : Promise.resolve({});
    },
  } as Partial<Clients["user"]> as Clients["user"];
  const app = new Hono<Env>();
  app.post("/", async (c) => {
    if (customer_of) {
      c.set("session", { id: "s", user_id: "u", role: "customer", store_roles: [], email: "", customer_of });
    }
    await noteCustomer(c, { user }, "b");
    return c.text("ok");
  });
  const { status } = await app.request("/", { method: "POST" });
  return { status, linked };
}

describe("noteCustomer()", () => {
  it("links a user to a store that is new to it", async () => {
    expect(await order(["a"])).toEqual({ status: 200, linked: [{ user_id: "u", store_id: "b" }] });
  });
  it("asks nobody where the store knows the user, or for a guest", async () => {
    expect((await order(["a", "b"])).linked).toEqual([]);
    expect((await order(undefined)).linked).toEqual([]);
  });
  it("keeps nobody from buying when the user service is away", async () => {
    expect(await order([], true)).toMatchObject({ status: 200 });
  });
});

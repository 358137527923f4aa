import { expect } from "@std/expect";
import { before, describe, it } from "@std/testing/bdd";
import { call, type Caller } from "../services/gateway/testing.ts";
import { testShop } from "../services/shared/testing.ts";
import { CATEGORIES, PRODUCTS, SECOND_PRODUCTS, SECOND_STORE } from "./seed/catalogue.ts";
import { CUSTOMERS } from "./seed/orders.ts";
import { seed, STAFF } from "./seed.ts";

interface List<Item = unknown> {
  data: Item[];
  total: number;
}

const { gateway: gatewayUrl, operator: { email: adminEmail, password: adminPassword } } = testShop();

async function logIn(email: string): Promise<Caller & { store_roles: { role: string }[] }> {
  const { body } = await call<{ access_token: string; user: { store_roles: { role: string }[] } }>(
    {},
    "POST",
    "/auth/login",
    { email, password: adminPassword },
  );
  return { token: body.access_token, store_roles: body.user.store_roles };
}

describe("the demo shop", () => {
  let customers: Caller[];
  before(async () => {
    customers = await Promise.all(CUSTOMERS.map(({ email }) => logIn(email)));
  });
  const count = async (caller: Caller, path: string) =>
    (await call<List>(caller, "GET", `${path}?count=exact`)).body.total;

  it("has at least 24 products in 4 categories, some with variants and one sold out", async () => {
    const slugs = PRODUCTS.map((product) => product.slug);
    const found = await Promise.all(
      slugs.map((slug) => call<{ slug: string; variants: { available: number }[] }>({}, "GET", `/products/${slug}`)),
    );
    expect(found.map(({ body }) => body.slug)).toEqual(slugs);
    expect([slugs.length >= 24, Object.keys(CATEGORIES).length]).toEqual([true, 4]);
    expect(found.some(({ body }) => body.variants.length > 1)).toBe(true);
    expect(found.some(({ body }) => body.variants.every((variant) => variant.available === 0))).toBe(true);
  });

  it("has staff with their roles", async () => {
    for (const { email, role } of STAFF) {
      expect((await logIn(email)).store_roles.map((given) => given.role)).toEqual([role]);
    }
  });

  it("has customers with orders in several statuses", async () => {
    const lists = await Promise.all(
      customers.map((customer) => call<List<{ status: string }>>(customer, "GET", "/orders")),
    );
    const statuses = lists.flatMap(({ body }) => body.data.map((order) => order.status));
    expect(statuses.length).toBe(CUSTOMERS.flatMap((customer) => customer.orders).length);
    for (const status of ["pending_payment", "paid", "processing", "shipped", "delivered", "completed", "cancelled"]) {
      expect(statuses).toContain(status);
    }
  });

  it("has a second store in another currency, and gains nothing when it is filled again", async () => {
    const second = { store: SECOND_STORE.slug };
    expect((await call<{ currency: string }>({}, "GET", `/stores/${second.store}`)).body.currency).toBe("JPY");
    const lines: string[] = [];
    await seed({ gatewayUrl, adminEmail, adminPassword, log: (line) => lines.push(line) });
    expect(lines).toEqual([]);
    expect(await count(second, "/products")).toBe(SECOND_PRODUCTS.length);
  });
});

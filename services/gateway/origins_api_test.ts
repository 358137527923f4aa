import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { testShop } from "../shared/testing.ts";
import { call, openStore, operator, unique } from "./testing.ts";

const { gateway } = testShop();

/** What the gateway lets an origin read; a preflight says no store. */
async function allowed(origin: string, method: "GET" | "OPTIONS", store?: string): Promise<string | null> {
  const response = await fetch(`${gateway}/products?limit=1`, {
    method,
    headers: {
      origin,
      ...(store && method === "GET" ? { "x-store": store } : {}),
      ...(method === "OPTIONS" ? { "access-control-request-method": "GET" } : {}),
    },
  });
  await response.body?.cancel();
  expect(response.headers.get("vary")).toContain("Origin");
  return response.headers.get("access-control-allow-origin");
}

describe("CORS", () => {
  it("lets the origins of a store read its answers, and a preflight pass that any store lists", async () => {
    const admin = await operator();
    const origin = `https://${unique()}.example`;
    const [own, other] = [await openStore(admin, { origins: [origin] }), await openStore(admin)];
    // The gateway knows the origins as they were up to 5 s ago.
    for (let tries = 0; tries < 100 && await allowed(origin, "OPTIONS") === null; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await allowed(origin, "OPTIONS")).toBe(origin);
    expect(await allowed(origin, "GET", own.slug)).toBe(origin);
    expect(await allowed(origin, "GET", other.slug)).toBeNull();
    expect(await allowed(`${origin}.evil.example`, "OPTIONS")).toBeNull();
    expect(await allowed("null", "OPTIONS")).toBeNull();
    expect(await allowed("http://localhost:3000", "GET", other.slug)).toBe("http://localhost:3000");

    const path = `/stores/${own.id}`;
    const { body } = await call<{ version: number; origins?: string[] }>(admin, "GET", path);
    expect(body.origins).toEqual([origin]);
    const input = { slug: own.slug, name: "Kept", currency: "USD", country: "US", version: body.version };
    expect((await call<typeof body>(admin, "PUT", path, input)).body.origins).toEqual([origin]);
    const emptied = await call<typeof body>(admin, "PUT", path, { ...input, version: body.version + 1, origins: [] });
    expect([emptied.status, emptied.body.origins]).toEqual([200, undefined]);
  });

  it("lets the origins of a publishable key's store read what it gets, refusals too", async () => {
    const admin = await operator();
    const origin = `https://${unique()}.example`;
    const own = await openStore(admin, { origins: [origin] });
    const input = { name: "Front", kind: "publishable" };
    const { body: { key } } = await call<{ key: string }>({ ...admin, store: own.slug }, "POST", "/api-keys", input);
    for (let tries = 0; tries < 100 && await allowed(origin, "OPTIONS") === null; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const ask = async (path: string, headers: Record<string, string>, from = origin) => {
      const response = await fetch(gateway + path, { headers: { origin: from, ...headers } });
      await response.body?.cancel();
      return [response.status, response.headers.get("access-control-allow-origin")];
    };
    for (const headers of [{ "x-api-key": key }, { authorization: `Bearer ${key}` }]) {
      expect(await ask("/products", headers)).toEqual([200, origin]);
      expect(await ask("/orders", headers)).toEqual([401, origin]);
      expect(await ask("/products?limit=0", headers)).toEqual([400, origin]);
      expect(await ask("/products?store=default", headers)).toEqual([404, origin]);
      expect(await ask("/products", headers, "https://evil.example")).toEqual([200, null]);
    }
    expect(await ask("/products", { "x-api-key": "nano_pk_gone" })).toEqual([401, origin]);
    expect(await ask("/products", {})).toEqual([200, null]);
  });

  it("refuses what is no origin", async () => {
    const admin = await operator();
    for (
      const origin of ["*", "shop.example", "https://shop.example/", "https://a:443", "ftp://a", "https://A.example"]
    ) {
      const input = { slug: unique(), name: "A", currency: "USD", country: "US", origins: [origin] };
      const { status, body } = await call<{ code: string }>(admin, "POST", "/stores", input);
      expect([origin, status, body.code]).toEqual([origin, 400, "invalid_origin"]);
    }
  });
});

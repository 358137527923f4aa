import { after, before, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { call, openStore, operator, unique } from "../services/gateway/testing.ts";
import { testShop } from "../services/shared/testing.ts";

const { health, logs } = testShop();
const CHATTY = ["order", "cart", "product", "store"];

async function level(process: string, name?: string): Promise<Response> {
  return await fetch(`${health[process]}/loglevel`, name === undefined ? {} : { method: "PUT", body: name });
}

/** The lines of a process's log that have a request's id, parsed. */
function linesOf(process: string, request_id: string): Record<string, unknown>[] {
  return Deno.readTextFileSync(`${logs}/${process}.log`).split("\n")
    .filter((line) => line.includes(`"${request_id}"`)).map((line) => JSON.parse(line));
}

async function eventually<T>(look: () => T | undefined): Promise<T | undefined> {
  for (let tries = 0; tries < 150; tries++) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe("/loglevel", () => {
  it("tells the level, and changes it to one of the four and no other", async () => {
    expect(await (await level("user")).text()).toBe("INFO\n");
    expect(await (await level("user", "ERROR\n")).text()).toBe("ERROR\n");
    expect(await (await level("user")).text()).toBe("ERROR\n");
    for (const wrong of ["TRACE", "", "__proto__", "DEBUG".repeat(1000)]) {
      expect((await level("user", wrong)).status).toBe(400);
    }
    expect((await fetch(`${health.user}/loglevel`, { method: "DELETE" })).status).toBe(405);
    expect(await (await level("user", "INFO")).text()).toBe("INFO\n");
  });
});

describe("one request's id", () => {
  const request_id = `logs-test-${unique()}`;
  const email = `${unique()}@nano.test`;
  let store: { id: string; slug: string };

  before(async () => {
    for (const process of CHATTY) await level(process, "DEBUG");
    const admin = await operator();
    store = await openStore(admin);
    const product = { name: "Lamp", slug: `lamp-${unique()}`, status: "active", sku: unique(), price: 500, stock: 5 };
    const caller = { store: store.slug };
    const { body: { variants } } = await call<{ variants: { id: string }[] }>(
      { ...admin, ...caller },
      "POST",
      "/products",
      product,
    );
    const line = { variant_id: variants[0]?.id, quantity: 1 };
    const { body: { token } } = await call<{ token: string }>(caller, "POST", "/cart/items", line);
    const shipping_address = { name: "Ada", line1: "1 High St", city: "Ely", postal_code: "CB7", country: "GB" };
    const headers = { "idempotency-key": unique(), "x-request-id": request_id };
    const placed = await call({ ...caller, cart: token, headers }, "POST", "/orders", { email, shipping_address });
    expect(placed).toMatchObject({ status: 201 });
    await eventually(() =>
      linesOf("store", request_id).some(({ message }) => message === "publishEvent OK") || undefined
    );
  });

  after(async () => {
    for (const process of CHATTY) await level(process, "INFO");
  });

  it("finds the gateway's line of access, with the route's template, the store and who asked", () => {
    expect(linesOf("gateway", request_id)).toMatchObject([{
      "log.level": "info",
      message: "POST /orders 201",
      url: { route: "/orders" },
      http: { request: { method: "POST" }, response: { status_code: 201 } },
      labels: { actor: "guest", store: store.id },
      event: { duration: expect.any(Number) },
    }]);
  });

  it("finds every hop's RPC, and the jobs that follow it, in one trace", () => {
    const messages = (process: string) => linesOf(process, request_id).map(({ message }) => message);
    expect(messages("order")).toContain("placeOrder OK");
    expect(messages("cart")).toEqual(expect.arrayContaining(["getCheckout OK", "closeCart OK"]));
    expect(messages("product")).toEqual(expect.arrayContaining(["getOffers OK", "reserveStock OK"]));
    expect(linesOf("order", request_id)).toContainEqual(
      expect.objectContaining({ job: "publish_event", message: "a job is done" }),
    );
    expect(messages("store")).toContain("publishEvent OK");
    const traces = ["gateway", ...CHATTY].flatMap((process) =>
      linesOf(process, request_id).map(({ trace }) => (trace as { id?: string } | undefined)?.id)
    );
    expect(new Set(traces).size).toBe(1);
    expect(traces[0]).toMatch(/^[\da-f]{32}$/);
  });

  it("finds nothing personal, and no log has the buyer's address", () => {
    for (const process of ["gateway", ...CHATTY]) {
      expect(Deno.readTextFileSync(`${logs}/${process}.log`)).not.toContain(email);
    }
  });

  it("is not needed for probes, which are no lines at INFO", async () => {
    await (await fetch(new URL("/healthz", testShop().gateway))).text();
    await call({ headers: { "x-request-id": `${request_id}-last` } }, "GET", "/");
    await eventually(() => linesOf("gateway", `${request_id}-last`)[0]);
    expect(Deno.readTextFileSync(`${logs}/gateway.log`)).not.toContain('"/healthz"');
  });
});

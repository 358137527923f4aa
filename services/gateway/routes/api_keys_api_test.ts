import { expect } from "@std/expect";
import { Secret, TOTP } from "otpauth";
import { before, describe, it } from "@std/testing/bdd";
import { call, type Caller, hire, openStore, operator, type Person, type ProblemBody, unique } from "../testing.ts";

let admin: Caller & { token: string };
let shop: { id: string; slug: string };
let variant: string;

before(async () => {
  admin = await operator();
  shop = await openStore(admin);
  const product = { name: "Thing", sku: unique(), price: 60_000, stock: 20, status: "active" };
  const { body } = await call<{ variants: { id: string }[] }>(
    { ...admin, store: shop.slug },
    "POST",
    "/products",
    product,
  );
  variant = body.variants[0]?.id ?? "";
});

interface Key {
  id: string;
  key: string;
}

const newKey = async (kind: string, scopes?: string[]) =>
  (await call<Key>({ ...admin, store: shop.slug }, "POST", "/api-keys", { kind, name: "Test", scopes })).body;

const address = { name: "Ada", line1: "12 Square", city: "London", postal_code: "SW1Y 4JH", country: "GB" };

/** Sells at 600.00 to a guest of the key's store; gives order and payment. */
async function sell(key: string): Promise<{ id: string; payment: string }> {
  const front = { headers: { "x-api-key": key } };
  const { body: { token = "" } } = await call<{ token?: string }>(front, "POST", "/cart/items", {
    variant_id: variant,
    quantity: 1,
  });
  const headers = () => ({ "x-api-key": key, "idempotency-key": crypto.randomUUID() });
  const order = { email: "ada@nano.test", shipping_address: address };
  const { body } = await call<{ id: string; store_id: string }>(
    { cart: token, headers: headers() },
    "POST",
    "/orders",
    order,
  );
  expect(body.store_id).toBe(shop.id);
  const pay = { order_id: body.id, method: "test", token: "tok_ok" };
  const { body: payment } = await call<{ id: string }>({ cart: token, headers: headers() }, "POST", "/payments", pay);
  return { id: body.id, payment: payment.id };
}

describe("API keys over REST", () => {
  it("are of a store that there is", async () => {
    const input = { kind: "publishable", name: "Test", store_id: crypto.randomUUID() };
    const { status, body } = await call<ProblemBody>(admin, "POST", "/api-keys", input);
    expect([status, body.code]).toEqual([404, "store_not_found"]);
  });

  it("sell in their store with a publishable key that names no store, and do nothing else", async () => {
    const { key } = await newKey("publishable");
    const { id } = await sell(key);
    const front = { headers: { "x-api-key": key } };
    const { body } = await call<{ data: { store_id: string }[] }>(front, "GET", "/products");
    expect(new Set(body.data.map(({ store_id }) => store_id))).toEqual(new Set([shop.id]));
    for (const path of [`/orders/${id}`, "/orders", "/users", "/api-keys", "/products/export.csv"]) {
      expect((await call(front, "GET", path)).status).toBe(401);
    }
    expect((await call({ ...front, store: "default" }, "GET", "/products")).status).toBe(404);
  });

  it("act by their scopes, by name in history and audit", async () => {
    const { key: front } = await newKey("publishable");
    const { id: order } = await sell(front);
    const { id, key } = await newKey("secret", ["order:read", "order:write", "product:read", "product:write"]);
    const machine: Caller = { token: key };
    const moved = await call<{ history: { actor: string }[] }>(machine, "PUT", `/orders/${order}/status`, {
      status: "processing",
    });
    expect(moved.status).toBe(200);
    expect(moved.body.history.at(-1)?.actor).toBe(`api_key:${id}`);
    const product = { name: "By machine", sku: unique(), price: 100, stock: 1 };
    const made = await call<{ id: string; store_id: string }>(machine, "POST", "/products", product);
    expect(made.body.store_id).toBe(shop.id);
    const audit = await call<{ data: { actor: string }[] }>(admin, "GET", `/audit?row_id=${made.body.id}`);
    expect(audit.body.data[0]?.actor).toBe(`api_key:${id}`);
    expect((await call(machine, "GET", "/payments")).status).toBe(403);
  });

  it("die at once when they are revoked", async () => {
    const { id, key } = await newKey("secret", ["product:read"]);
    expect((await call({ token: key }, "GET", "/stock/low")).status).toBe(200);
    expect((await call(admin, "DELETE", `/api-keys/${id}`)).status).toBe(204);
    const answer = await call<ProblemBody>({ token: key }, "GET", "/stock/low");
    expect([answer.status, answer.body.code]).toEqual([401, "invalid_api_key"]);
  });
});

describe("a second factor over REST", () => {
  /** Staff with a second factor, signed in by it. */
  async function enrolled(): Promise<Person & { recovery: string[] }> {
    const person = await hire(admin, shop.id, "manager");
    const { body: { secret } } = await call<{ secret: string }>(person, "POST", "/users/me/totp");
    const code = new TOTP({ secret: Secret.fromBase32(secret) }).generate();
    const { body } = await call<{ recovery_codes: string[] }>(person, "POST", "/users/me/totp/confirm", { code });
    return { ...person, recovery: body.recovery_codes };
  }

  it("is asked for after the password", async () => {
    const { email, password, recovery: [code] } = await enrolled();
    const signIn = async (more: object) => {
      const { status, body } = await call<ProblemBody>({}, "POST", "/auth/login", { email, password, ...more });
      return `${status} ${body.code}`;
    };
    expect(await signIn({})).toBe("401 totp_required");
    expect(await signIn({ code: "000000" })).toBe("401 invalid_totp");
    expect(await signIn({ code })).toBe("200 undefined");
    expect(await signIn({ code })).toBe("401 invalid_totp");
    expect(await signIn({ password: "wrong", code })).toBe("401 invalid_credentials");
  });

  it("makes large refunds wait for a confirmation, and nobody else's", async () => {
    const { key } = await newKey("publishable");
    const [first, second] = [await sell(key), await sell(key)];
    const refund = async (caller: Caller, payment: string, amount: number) => {
      const headers = { "idempotency-key": crypto.randomUUID() };
      const path = `/payments/${payment}/refunds`;
      const { status, body } = await call<ProblemBody>({ ...caller, headers }, "POST", path, {
        amount,
        reason: "Test",
      });
      return status === 201 ? "refunded" : `${status} ${body.code}`;
    };
    expect(await refund(await hire(admin, shop.id, "manager"), first.payment, 60_000)).toBe("refunded");
    const careful = await enrolled();
    expect(await refund(careful, second.payment, 5_000)).toBe("refunded");
    expect(await refund(careful, second.payment, 50_001)).toBe("403 step_up_required");
    const proof = { code: careful.recovery[0] };
    expect((await call(careful, "POST", "/auth/step-up", proof)).status).toBe(200);
    expect(await refund(careful, second.payment, 50_001)).toBe("refunded");
  });
});

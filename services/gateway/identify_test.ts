import { Hono } from "@hono/hono";
import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import type { ApiKey, Session } from "../../proto/gen/nano/user/v1/user.ts";
import { currentActor } from "../shared/auth.ts";
import { ANONYMOUS, withContext } from "../shared/context.ts";
import { NanoError, notFound } from "../shared/errors.ts";
import { newId, newToken, sha256 } from "../shared/ids.ts";
import { createApiKeys } from "./api_keys.ts";
import type { Env } from "./env.ts";
import { admit, identify } from "./identify.ts";
import { createRateLimits } from "./rate_limit.ts";
import { type Stores } from "./stores.ts";

const STORE = newId();
const [SECRET, PUBLIC] = [`nano_sk_${newToken()}`, `nano_pk_${newToken()}`];
const key = (kind: string, scopes: string[] = []) =>
  ({ id: newId(), store_id: STORE, kind, scopes }) as unknown as ApiKey;
const live = new Map([[await sha256(SECRET), key("secret", ["order:read"])], [
  await sha256(PUBLIC),
  key("publishable"),
]]);

/** What identify() makes of a request, of whom `session` is what the user service says. */
async function ask(path: string, headers: Record<string, string>, session: Partial<Session> = {}) {
  const keys = createApiKeys({
    cache: { redis: undefined },
    user: {
      checkApiKey: ({ hash }) => {
        const found = live.get(hash);
        return found
          ? Promise.resolve(found)
          : Promise.reject(new NanoError("unauthenticated", "invalid_api_key", "There is no such key."));
      },
    },
  });
  const known = { id: newId(), user_id: "u", role: "customer", store_roles: [], email: "a@nano.test", customer_of: [] };
  const sessions = {
    check: () => Promise.resolve({ ...known, ...session } as Session),
    kill: () => Promise.resolve(),
    forget: () => Promise.resolve(),
  };
  const stores = { of: () => Promise.reject(notFound("store")) } as unknown as Stores;
  const limits = createRateLimits({ cache: { redis: undefined }, config: { RATE_LIMIT_SCALE: 0 } });
  const app = new Hono<Env>();
  app.use(async (c, next) => {
    c.set("address", "192.0.2.1");
    await identify(c, { sessions, keys, limits });
    await next();
  });
  app.use(admit(stores));
  app.all("*", (c) => c.json({ ...currentActor(), key: c.get("key")?.kind }));
  app.onError((error, c) => c.json({ refused: (error as NanoError).code }));
  const context = { request_id: "r", actor: ANONYMOUS, deadline: Infinity };
  const response = await withContext(context, async () => await app.request(path, { headers }));
  return await response.json() as Record<string, unknown>;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe("identify()", () => {
  it("takes a secret key from either header", async () => {
    const actor = { kind: "api_key", api_key: { store_id: STORE, scopes: ["order:read"] } };
    expect(await ask("/orders", bearer(SECRET))).toMatchObject(actor);
    expect(await ask("/orders", { "x-api-key": SECRET })).toMatchObject(actor);
  });

  it("takes a publishable key for where, not for who", async () => {
    expect(await ask("/products", { "x-api-key": PUBLIC })).toMatchObject({ kind: "anonymous", key: "publishable" });
    expect(await ask("/products", bearer(PUBLIC))).toMatchObject({ kind: "anonymous", key: "publishable" });
    expect(await ask("/cart", { ...bearer(PUBLIC), "x-cart-token": newToken() })).toMatchObject({ kind: "guest" });
    expect(await ask("/cart", { ...bearer("a.user.token"), "x-api-key": PUBLIC }))
      .toMatchObject({ kind: "user", key: "publishable" });
  });

  it("looks at no token where none is needed: of who signs in again, and of a provider that signs its bytes", async () => {
    for (const path of ["/auth/refresh", "/auth/login", "/payments/webhooks/stripe"]) {
      expect(await ask(path, bearer("a.user.token"))).toMatchObject({ kind: "anonymous" });
    }
    expect(await ask("/payments/webhooks/stripe", { "x-api-key": "nano_sk_short" })).toMatchObject({
      kind: "anonymous",
    });
  });

  const cases: [sentence: string, path: string, headers: Record<string, string>, code: string][] = [
    ["an unknown key", "/products", bearer(`nano_sk_${newToken()}`), "invalid_api_key"],
    ["what only looks like one", "/products", { "x-api-key": "nano_sk_short" }, "invalid_api_key"],
    ["no key where the header is there", "/products", { "x-api-key": "" }, "invalid_api_key"],
    ["a key and a session at once", "/orders", { ...bearer("a.user.token"), "x-api-key": SECRET }, "invalid_token"],
    ["a key in another store", "/products", { ...bearer(SECRET), "x-store": "other" }, "store_not_found"],
    ["a key that wants to sign in", "/auth/login", bearer(SECRET), "forbidden"],
    ["a key with a profile", "/users/me", bearer(SECRET), "forbidden"],
    ["a key with a cart", "/cart/items", bearer(SECRET), "forbidden"],
    ["a header that is no bearer token", "/products", { authorization: "Basic YTpi" }, "invalid_token"],
  ];
  for (const [sentence, path, headers, code] of cases) {
    it(`refuses ${sentence}`, async () => expect(await ask(path, headers)).toEqual({ refused: code }));
  }

  describe("where a second factor is required", () => {
    const staff = { role: "admin", totp_required: true, totp: false };
    for (const path of ["/products", "/users", "/users/me/addresses", "/stores", "/settings"]) {
      it(`keeps staff without one from ${path}`, async () => {
        expect(await ask(path, bearer("t"), staff)).toEqual({ refused: "totp_enrolment_required" });
      });
    }
    for (
      const path of ["/users/me", "/users/me/totp", "/users/me/totp/confirm", "/users/me/sessions", "/auth/logout"]
    ) {
      it(`lets them to ${path}`, async () => {
        expect(await ask(path, bearer("t"), staff)).toMatchObject({ kind: "user" });
      });
    }
    it("lets staff with one and customers anywhere", async () => {
      expect(await ask("/products", bearer("t"), { ...staff, totp: true })).toMatchObject({ kind: "user" });
      expect(await ask("/products", bearer("t"), { ...staff, role: "customer" })).toMatchObject({ kind: "user" });
    });
  });

  describe("the need to confirm", () => {
    const store_roles = [{ store_id: STORE, role: "manager" }];
    const soon = Date.now() + 60_000;
    const cases: [sentence: string, session: Partial<Session>, step_up: boolean | undefined][] = [
      ["is not there for staff without a second factor", { store_roles }, undefined],
      ["is not there for a customer", { totp: true }, undefined],
      ["is there for staff with one", { store_roles, totp: true }, true],
      ["is gone while a confirmation holds", { store_roles, totp: true, confirmed_until: soon }, undefined],
      ["is back when it ended", { store_roles, totp: true, confirmed_until: Date.now() - 1 }, true],
    ];
    for (const [sentence, session, step_up] of cases) {
      it(sentence, async () => expect((await ask("/orders", bearer("t"), session))["step_up"]).toBe(step_up));
    }
    it("comes with the amount from which refunds need it", async () => {
      expect(await ask("/orders", bearer("t"), { store_roles, totp: true, step_up_refund_amount: 50 }))
        .toMatchObject({ step_up: true, step_up_refund_over: 50 });
    });
  });
});

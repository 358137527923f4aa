import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { testShop } from "../../shared/testing.ts";

const shop = testShop();
const PASSWORD = "correct horse battery";
const newEmail = () => `${crypto.randomUUID()}@shop.test`;

interface Options {
  token?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

async function call(method: string, path: string, { token, body, headers }: Options = {}) {
  const response = await fetch(new URL(path, shop.gateway), {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
}

async function register(email = newEmail()) {
  const { status, body } = await call("POST", "/auth/register", { body: { email, password: PASSWORD, name: "Ada" } });
  expect(status).toBe(201);
  return { ...body, email };
}

const me = async (token: string) => (await call("GET", "/users/me", { token })).status;

describe("POST /auth/register", () => {
  it("makes a customer and signs in, in the contract's shape", async () => {
    const email = newEmail();
    const { status, headers, body } = await call("POST", "/auth/register", {
      body: { email: ` ${email.toUpperCase()}`, password: PASSWORD, name: "Ada" },
    });
    expect(status).toBe(201);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(body).toEqual({
      user: {
        id: expect.any(String),
        email,
        name: "Ada",
        role: "customer",
        store_roles: [],
        create_time: expect.stringMatching(/Z$/),
      },
      access_token: expect.any(String),
      token_type: "Bearer",
      expires_in: 600,
      refresh_token: expect.stringMatching(/^[\w-]{43}$/),
    });
  });

  it("refuses a taken address, whatever its case", async () => {
    const { email } = await register();
    const { status, body } = await call("POST", "/auth/register", {
      body: { email: email.toUpperCase(), password: PASSWORD },
    });
    expect([status, body.code]).toEqual([409, "email_taken"]);
  });

  for (const password of ["", "short", "password123", "qwertyuiop"]) {
    it(`calls "${password}" weak, by its field`, async () => {
      const { status, body } = await call("POST", "/auth/register", { body: { email: newEmail(), password } });
      expect([status, body.code, body.errors[0].pointer]).toEqual([400, "weak_password", "/password"]);
    });
  }

  const bad: [string, unknown, string, string | undefined][] = [
    ["a role that it brings along", { email: newEmail(), password: PASSWORD, role: "admin" }, "unknown_field", "/role"],
    [
      "store_roles that it brings along",
      { email: newEmail(), password: PASSWORD, store_roles: [] },
      "unknown_field",
      "/store_roles",
    ],
    ["an address that is none", { email: "ada", password: PASSWORD }, "invalid_email", "/email"],
    ["a look-alike address", { email: "\u0430da@shop.test", password: PASSWORD }, "invalid_email", "/email"],
    [
      "an address with a direction mark",
      { email: "\u202eada@shop.test", password: PASSWORD },
      "invalid_email",
      "/email",
    ],
    ["NUL", { email: newEmail(), password: "a\0bcdefghij" }, "invalid_field", "/password"],
    [
      "a lone surrogate",
      `{"email":"${newEmail()}","password":"${PASSWORD}","name":"\\ud800"}`,
      "invalid_field",
      "/name",
    ],
    ["a number for a password", { email: newEmail(), password: 12345678 }, "invalid_field", "/password"],
    [
      "a password of 257 characters",
      { email: newEmail(), password: "abcdefgh".repeat(32) + "i" },
      "invalid_password",
      "/password",
    ],
    ["no body at all", {}, "invalid_request", undefined],
    ["malformed JSON", "{", "invalid_json", undefined],
  ];
  for (const [what, body, code, pointer] of bad) {
    it(`refuses ${what}`, async () => {
      const answer = await call("POST", "/auth/register", { body });
      expect([answer.status, answer.body.code, pointer && answer.body.errors[0].pointer]).toEqual([400, code, pointer]);
    });
  }

  it("refuses a store that is not there", async () => {
    const { status, body } = await call("POST", "/auth/register", {
      body: { email: newEmail(), password: PASSWORD },
      headers: { "x-store": "nowhere-at-all" },
    });
    expect([status, body.code]).toEqual([404, "store_not_found"]);
  });
});

describe("POST /auth/login", () => {
  it("signs in, even with the old token in the header", async () => {
    const { email, user } = await register();
    const { status, body } = await call("POST", "/auth/login", {
      body: { email, password: PASSWORD },
      token: "stale.token.x",
    });
    expect(status).toBe(200);
    expect(body.user).toEqual(user);
    expect(await me(body.access_token)).toBe(200);
  });

  it("gives the same answer for a wrong password and an unknown address", async () => {
    const { email } = await register();
    const wrong = await call("POST", "/auth/login", { body: { email, password: "something else" } });
    const unknown = await call("POST", "/auth/login", { body: { email: newEmail(), password: PASSWORD } });
    expect([wrong.status, wrong.body.code]).toEqual([401, "invalid_credentials"]);
    for (const { body } of [wrong, unknown]) delete body.request_id;
    expect(unknown.body).toEqual(wrong.body);
  });

  it("tells its limits", async () => {
    const { headers } = await call("POST", "/auth/login", { body: { email: newEmail(), password: PASSWORD } });
    expect(headers.get("ratelimit-policy")).toMatch(/"login_account";q=\d+;w=60/);
    expect(headers.get("ratelimit")).toMatch(/"login_address";r=\d+;t=\d+/);
  });
});

describe("POST /auth/refresh", () => {
  it("gives a new pair; the old token, shown after the new one was used, ends the session at once", async () => {
    const first = await register();
    const refresh = (refresh_token: string) =>
      call("POST", "/auth/refresh", { body: { refresh_token }, token: first.access_token });
    const second = await refresh(first.refresh_token);
    expect(second.status).toBe(200);
    expect(Object.keys(second.body).sort()).toEqual([
      "access_token",
      "expires_in",
      "refresh_token",
      "token_type",
      "user",
    ]);
    const third = await refresh(second.body.refresh_token);
    expect(await me(third.body.access_token)).toBe(200);

    const replay = await refresh(first.refresh_token);
    expect([replay.status, replay.body.code]).toEqual([401, "token_reused"]);
    expect(replay.body.session_id).toBe(undefined);
    expect((await refresh(third.body.refresh_token)).status).toBe(401);
    for (const { access_token } of [first, second.body, third.body]) expect(await me(access_token)).toBe(401);
  });

  it("lets 20 tabs at once go on", async () => {
    const { refresh_token } = await register();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => call("POST", "/auth/refresh", { body: { refresh_token } })),
    );
    expect(answers.map((answer) => answer.status)).toEqual(Array(20).fill(200));
    expect(new Set(answers.map((answer) => answer.body.refresh_token)).size).toBe(20);
  });

  it("refuses what is no token", async () => {
    const { status, body } = await call("POST", "/auth/refresh", { body: { refresh_token: "x" } });
    expect([status, body.code]).toEqual([401, "invalid_token"]);
  });
});

describe("POST /auth/logout", () => {
  it("ends access and refresh tokens of this session at once, and no other", async () => {
    const first = await register();
    const other = (await call("POST", "/auth/login", { body: { email: first.email, password: PASSWORD } })).body;
    expect(await me(first.access_token)).toBe(200);
    const out = await call("POST", "/auth/logout", { token: first.access_token });
    expect([out.status, out.body]).toEqual([204, undefined]);
    expect(await me(first.access_token)).toBe(401);
    expect((await call("POST", "/auth/refresh", { body: { refresh_token: first.refresh_token } })).status).toBe(401);
    expect(await me(other.access_token)).toBe(200);
  });

  it("is not for strangers", async () => {
    const { status, headers, body } = await call("POST", "/auth/logout");
    expect([status, body.code]).toEqual([401, "unauthenticated"]);
    expect(headers.get("www-authenticate")).toBe("Bearer");
  });
});

describe("an access token", () => {
  const encode = (value: unknown) =>
    btoa(JSON.stringify(value)).replaceAll("=", "").replaceAll("+", "-").replaceAll("/", "_");
  it("that is forged is refused", async () => {
    const { access_token } = await register();
    const [header = "", payload = "", signature = ""] = access_token.split(".");
    const claims = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
    for (
      const token of [
        `${encode({ alg: "none" })}.${payload}.`,
        `${encode({ alg: "none" })}.${payload}.${signature}`,
        `${header}.${encode({ ...claims, exp: claims.exp + 9999 })}.${signature}`,
        `${header}.${payload}.${"A".repeat(signature.length)}`,
        "garbage",
      ]
    ) {
      const { status, body } = await call("GET", "/users/me", { token });
      expect([status, body.code]).toEqual([401, "invalid_token"]);
    }
    expect(await me(access_token)).toBe(200);
  });
});

describe("a guest's cart", () => {
  const unique = () => crypto.randomUUID().slice(0, 8);

  it("becomes the customer's on registering, and is merged on signing in", async () => {
    const store = `s-${unique()}`;
    const token = (await call("POST", "/auth/login", { body: shop.operator })).body.access_token;
    const made = await call("POST", "/stores", {
      token,
      body: { slug: store, name: "Merging", currency: "EUR", country: "DE" },
    });
    expect(made.status).toBe(201);
    const headers = { "x-store": store };
    const product = await call("POST", "/products", {
      token,
      headers,
      body: { name: "Cup", status: "active", sku: `CUP-${unique()}`, price: 500, stock: 10 },
    });
    expect(product.status).toBe(201);
    const item = { product_id: product.body.id, quantity: 2 };

    const guest = (await call("POST", "/cart/items", { body: item, headers })).body.token;
    const email = newEmail();
    const registered = await call("POST", "/auth/register", {
      body: { email, password: PASSWORD },
      headers: { ...headers, "x-cart-token": guest },
    });
    const cart = async (token: string) => (await call("GET", "/cart", { token, headers })).body;
    expect((await cart(registered.body.access_token)).items).toMatchObject([{ quantity: 2 }]);

    const again = (await call("POST", "/cart/items", { body: item, headers })).body.token;
    const signedIn = await call("POST", "/auth/login", {
      body: { email, password: PASSWORD },
      headers: { ...headers, "x-cart-token": again },
    });
    expect((await cart(signedIn.body.access_token)).items).toMatchObject([{ quantity: 4 }]);
    expect((await call("GET", "/cart", { headers: { ...headers, "x-cart-token": again } })).body.items).toEqual([]);
  });
});

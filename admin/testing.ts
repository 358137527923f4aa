/** For tests only: the shop behind the console, by its REST API, and the console itself as a function. */
import { Builder } from "fresh/dev";

const SETTINGS = {
  JWT_SECRET: "only-for-tests-0123456789-abcdefghij",
  GATEWAY_URL: "http://127.0.0.1:9",
  LOG_LEVEL: "ERROR",
};

/** The console of this process, over the shop of TEST_GATEWAY_URL or over none. */
export async function openConsole(): Promise<(request: Request) => Promise<Response>> {
  for (const [name, value] of Object.entries(SETTINGS)) {
    const given = name === "GATEWAY_URL" ? Deno.env.get("TEST_GATEWAY_URL") : undefined;
    Deno.env.set(name, given ?? value);
  }
  const { app } = await import("./main.ts");
  const apply = await new Builder({ root: import.meta.dirname ?? "." }).build({ snapshot: "memory" });
  apply(app);
  return app.handler();
}

/** A browser's part: keeps cookies and never follows a redirect. */
export function visitor(handle: (request: Request) => Promise<Response>) {
  const jar = new Map<string, string>();
  const send = async (path: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    headers.set("Cookie", [...jar].map((pair) => pair.join("=")).join("; "));
    const response = await handle(new Request(`http://localhost${path}`, { ...init, headers }));
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value) jar.set(name, value);
      else jar.delete(name);
    }
    return response;
  };
  return {
    jar,
    send,
    get: (path: string) => send(path),
    post: (path: string, fields: Record<string, string>, headers: HeadersInit = {}) =>
      send(path, { method: "POST", body: new URLSearchParams(fields), headers }),
  };
}

export interface Login {
  email: string;
  password: string;
}

/** Who calls the REST API, in which store. */
interface Caller {
  token?: string;
  store?: string;
  cart?: string;
}

/** Asks the gateway of the tests; throws for what it refuses. */
export async function call<T>(caller: Caller, method: string, path: string, body?: unknown): Promise<T> {
  const { token, store, cart } = caller;
  const response = await fetch(new URL(path, setting("TEST_GATEWAY_URL")), {
    method,
    headers: {
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
      ...(store ? { "X-Store": store } : {}),
      ...(cart ? { "X-Cart-Token": cart } : {}),
      "Idempotency-Key": crypto.randomUUID(),
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return (text ? JSON.parse(text) : undefined) as T;
}

/** The operator of the tests' shop. */
export function operator(): Login {
  return { email: setting("TEST_ADMIN_EMAIL"), password: setting("TEST_ADMIN_PASSWORD") };
}

/** The address of the console that runs beside the tests' shop. */
export function consoleUrl(): string {
  return setting("TEST_ADMIN_URL");
}

interface Tokens {
  user: { id: string };
  access_token: string;
}

export interface World {
  token: string;
  store: { id: string; slug: string };
}

/** A store of one's own, and the operator's token. */
export async function openStore(name = "A store"): Promise<World> {
  const { access_token: token } = await call<Tokens>({}, "POST", "/auth/login", operator());
  const input = { slug: `s-${unique()}`, name, currency: "USD", country: "US" };
  return { token, store: await call<World["store"]>({ token }, "POST", "/stores", input) };
}

/** Somebody with a role in the store. */
export async function hire({ token, store }: World, role: "support" | "manager"): Promise<Login> {
  const login = { email: `${unique()}@nano.test`, password: `${crypto.randomUUID()}!` };
  const { user } = await call<Tokens>({}, "POST", "/auth/register", login);
  await call({ token }, "PATCH", `/users/${user.id}`, { store_roles: [{ store_id: store.id, role }] });
  return login;
}

export interface Sold {
  id: string;
  number: number;
}

/** An order of two of a product at 10.00; paid unless told otherwise. */
export async function sell({ token, store: { slug: store } }: World, more: object = {}, name = "Thing"): Promise<Sold> {
  const sku = unique();
  const product = { name, sku, price: 1000, stock: 10, status: "active" };
  const { variants } = await call<{ variants: { id: string }[] }>({ token, store }, "POST", "/products", product);
  const line = { variant_id: variants[0]?.id, quantity: 2 };
  const { token: cart = "" } = await call<{ token?: string }>({ store }, "POST", "/cart/items", line);
  return await call<Sold>({ store, cart }, "POST", "/orders", {
    shipping_address: { name: "Ada Lovelace", line1: "12 Square", city: "London", postal_code: "SW1Y", country: "GB" },
    email: "ada@example.com",
    payment: { method: "test", token: "tok_ok" },
    ...more,
  });
}

export function unique(): string {
  return crypto.randomUUID().slice(0, 13);
}

/** A setting of the test run. */
export function setting(name: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`Cannot run this test alone as ${name} is not set. Run by \`deno task test -- <file>\`.`);
  return value;
}

/** The link in the newest mail to somebody, once it is there: development's mails are files. */
export async function mailedLink(email: string, page: string, after = ""): Promise<{ link: string; name: string }> {
  const folder = setting("TEST_MAIL_DIR");
  for (let tries = 0; tries < 100; tries++) {
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) =>
      /^\d/.test(name) && name > after
    );
    for (const name of names.sort().reverse()) {
      const text = Deno.readTextFileSync(`${folder}/${name}`);
      const link = new RegExp(`href="(http[^"]*/${page}\\?token=[\\w-]{43})"`).exec(text)?.[1];
      if (link && text.includes(email)) return { link, name };
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`Cannot find a mail to ${email} that leads to ${page}.`);
}

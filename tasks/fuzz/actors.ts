/** Who sends requests: one of each role, with things of their own. */
export const ROLES = ["anonymous", "guest", "customer", "support", "manager", "admin"] as const;
/** Whose name a request is sent in. */
export type Role = typeof ROLES[number];

/** The roles' headers, and ids of things by the first part of a path. */
export interface Cast {
  headers(role: Role): Record<string, string>;
  ids(path: string): string[];
  /** Signs a role in again, whose session some request ended, and opens the store again. */
  renew(role: Role): Promise<void>;
}

interface Tokens {
  user: { id: string };
  access_token: string;
}

const PASSWORD = "fuzzing passphrase 1";
const ADDRESS = { name: "Fuzz", line1: "1 Road", city: "Town", postal_code: "1", country: "US" };

/** Opens a store, puts something on sale, hires staff, and lets a customer and a guest buy. */
export async function gather(gateway: string, operator: { email: string; password: string }): Promise<Cast> {
  const mark = crypto.randomUUID().slice(0, 8);
  const slug = `fuzz-${mark}`;
  const tokens = new Map<Role, string>();
  const mails = new Map<Role, string>([["admin", operator.email]]);
  let guest = "";
  let here = "";
  // Once it goes on, what was prepared may be gone: so be it.
  let renewing = false;
  const known: Record<string, string[]> = {};
  const note = (kind: string, ...ids: (string | undefined)[]) =>
    (known[kind] ??= []).push(...ids.filter((id) => id !== undefined));

  async function send<T>(role: Role, method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(new URL(path, gateway), {
      method,
      headers: {
        ...headers(role),
        "Idempotency-Key": crypto.randomUUID(),
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok && !renewing) throw new Error(`Cannot prepare ${method} ${path}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : {}) as T;
  }

  function headers(role: Role): Record<string, string> {
    const token = tokens.get(role);
    return {
      ...(here ? { "X-Store": here } : {}),
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
      ...(role === "guest" && guest ? { "X-Cart-Token": guest } : {}),
    };
  }

  async function signIn(role: Role): Promise<void> {
    const password = role === "admin" ? operator.password : PASSWORD;
    tokens.delete(role);
    const { access_token } = await send<Tokens>(role, "POST", "/auth/login", { email: mails.get(role), password });
    if (access_token) tokens.set(role, access_token);
  }

  async function join(role: Role): Promise<string> {
    const email = `${role}-${mark}-${crypto.randomUUID().slice(0, 4)}@nano.invalid`;
    mails.set(role, email);
    const { user } = await send<Tokens>("anonymous", "POST", "/auth/register", { email, password: PASSWORD });
    return user.id;
  }

  await signIn("admin");
  const store = await send<{ id: string }>("admin", "POST", "/stores", {
    slug,
    name: slug,
    currency: "USD",
    country: "US",
  });
  here = slug;
  note("stores", store.id, slug);
  // Somebody whom everything may happen to.
  note("users", await join("customer"));
  for (const role of ["customer", "support", "manager"] as const) {
    const id = await join(role);
    if (role !== "customer") {
      await send("admin", "PATCH", `/users/${id}`, { store_roles: [{ store_id: store.id, role }] });
    }
    await signIn(role);
  }
  const category = await send<{ id: string }>("admin", "POST", "/categories", { name: "Things", slug: "things" });
  note("categories", category.id);
  for (const sku of ["one", "two"]) {
    const product = { name: sku, sku: `${sku}-${mark}`, price: 500, stock: 1_000_000, status: "active" };
    const made = await send<{ id: string; variants: { id: string }[] }>("admin", "POST", "/products", product);
    note("products", made.id);
    note("variants", made.variants[0]?.id);
  }
  const address = await send<{ id: string }>("customer", "POST", "/users/me/addresses", ADDRESS);
  note("users", address.id);
  for (const role of ["customer", "guest"] as const) {
    for (let n = 0; n < 3; n++) {
      const cart = await send<{ token?: string; items: { id: string }[] }>(role, "POST", "/cart/items", {
        variant_id: known.variants?.[0],
        quantity: 1,
      });
      if (cart.token) guest = cart.token;
      note("cart", cart.items[0]?.id);
      if (n === 2) break;
      const order = await send<{ id: string }>(role, "POST", "/orders", {
        shipping_address: ADDRESS,
        email: "fuzz@nano.invalid",
      });
      note("orders", order.id);
      const payment = await send<{ id: string }>(role, "POST", "/payments", {
        order_id: order.id,
        method: "test",
        token: "tok_ok",
      });
      note("payments", payment.id);
    }
  }
  const webhook = await send<{ id?: string }>("manager", "POST", "/webhooks", {
    url: "https://fuzz.invalid/hook",
    event_types: ["order.paid"],
  });
  note("webhooks", webhook.id);
  const all = Object.values(known).flat();
  renewing = true;

  return {
    headers,
    ids: (path) => {
      const own = known[path.split("/")[1] ?? ""] ?? [];
      // Of the path's kind mostly; now and then of another.
      return [...own, ...own, ...own, ...own, ...all.slice(0, 1), "019aa0b4-7a3c-7c55-9b7e-3f1d2c4b5a69"];
    },
    renew: async (role) => {
      if (mails.has(role)) await signIn(role);
      if (role === "admin") await send("admin", "PUT", `/stores/${store.id}/status`, { status: "active" });
    },
  };
}

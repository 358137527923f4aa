/** For the access test only: two stores, somebody of each role, and objects of both stores. */
import { KEY_SCOPES } from "../shared/permissions.ts";
import { call, type Caller, hire, openStore, operator, type Person, signUp, unique } from "./testing.ts";

/** Who asks, in the order of the table's columns. `bare_key` is a secret key that may only read figures. */
export const ROLES = [
  "anonymous",
  "guest",
  "customer",
  "support",
  "manager",
  "admin",
  "publishable",
  "bare_key",
  "full_key",
] as const;
export type Role = typeof ROLES[number];

/** Whose things are asked for: the caller's own or own store's, another store's, or what does not exist. */
export const TARGETS = ["own", "other", "unknown"] as const;
export type Target = typeof TARGETS[number];

interface Shop {
  id: string;
  slug: string;
}

/** Whose objects are people's own; the rest is a store's, and one does for all who can't use it up. */
const PERSONAL = ["users/me/addresses", "cart/items"];
const STRONG: readonly Role[] = ["manager", "admin", "full_key"];

const ADDRESS = { name: "Ada", line1: "12 Square", city: "London", postal_code: "SW1Y 4JH", country: "GB" };

/** Opens the world. Objects that a request uses up are made anew by each call of `id`. */
export async function openWorld() {
  const root = await operator();
  const shops = { own: await openStore(root), other: await openStore(root) };
  const boss = await signUp();
  await call(root, "PATCH", `/users/${boss.id}`, { role: "admin" });
  const people: Partial<Record<Role, Person>> = {
    customer: await signUp({ store: shops.own.slug }),
    support: await hire(root, shops.own.id, "support"),
    manager: await hire(root, shops.own.id, "manager"),
    admin: boss,
  };
  const key = async (kind: string, scopes: readonly string[]) => {
    const input = { kind, name: "Access", scopes, store_id: shops.own.id };
    return (await call<{ key: string }>(root, "POST", "/api-keys", input)).body.key;
  };
  const variants = { own: await sell(root, shops.own), other: await sell(root, shops.other) };
  const guest = await buy({ store: shops.own.slug }, variants.own.variant);
  const bought = {
    guest,
    customer: await buy({ ...await signIn(people.customer), store: shops.own.slug }, variants.own.variant),
    other: await buy({ store: shops.other.slug }, variants.other.variant),
  };
  const callers: Record<Role, Caller> = {
    anonymous: {},
    guest: { cart: guest.cart ?? "" },
    customer: await signIn(people.customer),
    support: await signIn(people.support),
    manager: await signIn(people.manager),
    admin: await signIn(people.admin),
    publishable: { headers: { "x-api-key": await key("publishable", []) } },
    bare_key: { headers: { "x-api-key": await key("secret", ["stats:read"]) } },
    full_key: { token: await key("secret", KEY_SCOPES) },
  };

  /** What makes an object in a shop. */
  const makers: Record<string, (shop: Shop, role: Role) => Promise<string | undefined>> = {
    products: async (shop) => (await sell(root, shop)).product,
    categories: (shop) => make(root, shop, "/categories", { name: unique(), slug: `c-${unique()}` }),
    webhooks: (shop) =>
      make(root, shop, "/webhooks", { url: "https://nano.test/", event_types: ["*"], status: "disabled" }),
    "api-keys": (shop) => make(root, shop, "/api-keys", { kind: "publishable", name: "Access" }),
    users: async (shop) => (await signUp({ store: shop.slug })).id,
    invitations: (shop) =>
      make(root, shop, "/invitations", { email: `${unique()}@nano.test`, store_id: shop.id, role: "support" }),
    "cart/items": async (shop, role) => {
      const line = { variant_id: shop === shops.own ? variants.own.variant : variants.other.variant, quantity: 1 };
      const who = role === "guest" || people[role] ? callers[role] : {};
      const { body } = await call<{ items?: { id: string }[] }>(
        { ...who, store: shop.slug },
        "POST",
        "/cart/items",
        line,
      );
      return body.items?.[0]?.id;
    },
    "users/me/addresses": async (_shop, role) => {
      if (!people[role]) return undefined;
      return (await call<{ id: string }>(callers[role], "POST", "/users/me/addresses", ADDRESS)).body.id;
    },
  };
  /** What is there once: nothing that the test sends changes it. */
  const standing: Record<string, (target: "own" | "other", role: Role) => string | undefined> = {
    variants: (target) => variants[target].variant,
    stores: (target) => shops[target].id,
    orders: (target, role) =>
      (target === "other" ? bought.other : role === "guest" ? bought.guest : bought.customer).id,
    payments: (target, role) =>
      (target === "other" ? bought.other : role === "guest" ? bought.guest : bought.customer).payment,
  };
  const known = new Map<string, Promise<string | undefined>>();

  return {
    callers,
    slug: (target: Target) => target === "unknown" ? "no-such-store" : shops[target].slug,
    /** A caller whose session may be used up. */
    again: (role: Role) => people[role] ? signIn(people[role]) : Promise.resolve(callers[role]),
    /** The id of an object of a resource, made anew where the request will use it up. */
    id: async (resource: string, role: Role, target: Target, usedUp: boolean): Promise<string> => {
      const nothing = crypto.randomUUID();
      if (target === "unknown") return nothing;
      const there = standing[resource];
      if (there) return there(target, role) ?? nothing;
      const maker = makers[resource];
      if (!maker) return nothing;
      // Another's address: the admin's own is somebody else's to all others.
      const stranger: Role = role === "admin" ? "manager" : "admin";
      const owner = resource === "users/me/addresses" && target === "other"
        ? stranger
        : PERSONAL.includes(resource) || STRONG.includes(role)
        ? role
        : "anonymous";
      const name = `${resource} ${owner} ${target}`;
      const made = usedUp && (owner !== "anonymous")
        ? maker(shops[target], owner)
        : known.get(name) ?? maker(shops[target], owner);
      if (!usedUp || owner === "anonymous") known.set(name, made);
      return await made ?? nothing;
    },
  };
}

async function signIn(person: Person | undefined): Promise<Caller> {
  const { body } = await call<{ access_token: string }>({}, "POST", "/auth/login", {
    email: person?.email,
    password: person?.password,
  });
  return { token: body.access_token };
}

async function make(root: Caller, shop: Shop, path: string, body: object): Promise<string> {
  return (await call<{ id: string }>({ ...root, store: shop.slug }, "POST", path, body)).body.id;
}

async function sell(root: Caller, shop: Shop): Promise<{ product: string; variant: string }> {
  const input = { name: "Thing", sku: unique(), price: 100, stock: 1000, status: "active" };
  const { body } = await call<{ id: string; variants: { id: string }[] }>(
    { ...root, store: shop.slug },
    "POST",
    "/products",
    input,
  );
  return { product: body.id, variant: body.variants[0]?.id ?? "" };
}

async function buy(caller: Caller, variant_id: string): Promise<{ id: string; payment: string; cart?: string }> {
  const item = { variant_id, quantity: 1 };
  const { body: { token } } = await call<{ token?: string }>(caller, "POST", "/cart/items", item);
  const buyer = { ...caller, ...(token ? { cart: token } : {}) };
  const headers = () => ({ "idempotency-key": crypto.randomUUID() });
  const { body: { id } } = await call<{ id: string }>({ ...buyer, headers: headers() }, "POST", "/orders", {
    email: "ada@nano.test",
    shipping_address: ADDRESS,
  });
  const { body: payment } = await call<{ id: string }>({ ...buyer, headers: headers() }, "POST", "/payments", {
    order_id: id,
    method: "test",
    token: "tok_ok",
  });
  return { id, payment: payment.id, ...(token ? { cart: token } : {}) };
}

import { createRest } from "../seed/rest.ts";
import { Refusal } from "../shop/refusal.ts";
import type { Shop } from "../shop/shop.ts";
import type { Sendable } from "./client.ts";
import { Connection } from "./client.ts";

/** Who and what the load is made of. */
export interface Prepared {
  store_id: string;
  /** The body of the first page of products. */
  listing: string;
  slug: string;
  /** Additions to a cart. */
  adds: Sendable[];
  /** Access tokens of those who fill carts, and of those who check out. */
  browsers: string[];
  shoppers: string[];
  /** The cookie of an operator who is signed in to the console, and an operator's token. */
  cookie: string;
  operator: string;
}

interface Listing {
  data: { store_id: string; slug: string; variants: { id: string }[] }[];
}

const STOCK = 100_000_000;
const VARIANTS = 24;

/** Fills the shelves and signs people up. */
export async function prepare(
  shop: Shop,
  operator: { email: string; password: string },
  people: number,
): Promise<Prepared> {
  const rest = createRest(shop.gateway);
  try {
    const { access_token: token } = await rest.call<{ access_token: string }>({}, "POST", "/auth/login", operator);
    const listing = await rest.call<Listing>({}, "GET", "/products?limit=20");
    const variants = listing.data.flatMap(({ variants }) => variants.slice(0, 2)).slice(0, VARIANTS);
    for (const { id } of variants) {
      await rest.call({ token }, "POST", `/variants/${id}/stock`, { delta: STOCK, reason: "bench" });
    }
    const signUp = async (index: number) => {
      const body = { email: `bench-${index}-${crypto.randomUUID()}@nano.test`, password: crypto.randomUUID() };
      return (await rest.call<{ access_token: string }>({}, "POST", "/auth/register", body)).access_token;
    };
    const tokens: string[] = [];
    for (let index = 0; index < 2 * people; index++) tokens.push(await signUp(index));
    const text = await (await fetch(`${shop.gateway}/products?limit=20`)).text();
    return {
      store_id: listing.data[0]?.store_id ?? "",
      listing: text,
      slug: listing.data[0]?.slug ?? "",
      adds: variants.map(({ id }) => ({
        method: "POST",
        path: "/cart/items",
        body: { variant_id: id, quantity: 1 },
      })),
      browsers: tokens.slice(0, people),
      shoppers: tokens.slice(people),
      cookie: await signIn(shop.admin, operator),
      operator: token,
    };
  } finally {
    rest.close();
  }
}

/** Puts three things in each cart. */
export async function fillCarts(gateway: URL, { adds, browsers }: Prepared): Promise<void> {
  const connection = new Connection(gateway.hostname, Number(gateway.port));
  for (const token of browsers) {
    for (const add of adds.slice(0, 3)) {
      await connection.send(connection.encode({ ...add, headers: { Authorization: `Bearer ${token}` } }));
    }
  }
  connection.close();
}

async function signIn(admin: string, { email, password }: { email: string; password: string }): Promise<string> {
  const body = new URLSearchParams({ email, password });
  const answer = await fetch(`${admin}/login`, { method: "POST", body, redirect: "manual" });
  await answer.body?.cancel();
  const cookie = answer.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");
  if (answer.status !== 303 || !cookie) {
    throw new Refusal(`Cannot measure as the console refused to sign in: ${answer.status}.`);
  }
  return cookie;
}

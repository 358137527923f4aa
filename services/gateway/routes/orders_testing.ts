/** For REST tests of orders only: a store, something to sell in it, and buyers. */
import { expect } from "@std/expect";
import { type Answer, call, type Caller, openStore, operator, unique } from "../testing.ts";

export interface Money {
  amount: number;
  currency: string;
}

export interface Order {
  id: string;
  number: number;
  store_id: string;
  user_id?: string;
  email: string;
  status: string;
  payment_status: string;
  items: { id: string; variant_id: string; sku: string; quantity: number; total: Money }[];
  subtotal: Money;
  tax: Money;
  total: Money;
  history: { from: string; to: string; actor: string; reason: string }[];
  expire_time?: string;
  create_time: string;
  code?: string;
}

export interface Payment {
  id: string;
  status: string;
  amount: Money;
  code?: string;
  failure_code?: string;
}

export interface Problem {
  code: string;
  errors?: { pointer: string; code: string }[];
  [member: string]: unknown;
}

export interface Shop {
  id: string;
  slug: string;
}

export const address = {
  name: "Ada Lovelace",
  line1: "12 St James's Square",
  city: "London",
  postal_code: "SW1Y 4JH",
  country: "GB",
};

/** The operator, and a store of one's own that adds 10 % tax. */
export const admin: Caller = await operator();
export const store: Shop = await openStore(admin, { tax: { rate_bp: 1000, included: false } });

/** Puts a product of one's own on sale; gives its variant. */
export async function sell(stock: number, price = 1000, shop = store): Promise<string> {
  const { body } = await call<{ variants: { id: string }[] }>({ ...admin, store: shop.slug }, "POST", "/products", {
    name: `Thing ${unique()}`,
    sku: unique(),
    price,
    stock,
    status: "active",
  });
  return body.variants[0]!.id;
}

/** How many of a variant can be bought, as staff see it. */
export async function available(variant_id: string, shop = store): Promise<number> {
  const { body } = await call<{ available: number }>(
    { ...admin, store: shop.slug },
    "POST",
    `/variants/${variant_id}/stock`,
    {
      delta: 1,
      reason: "count",
    },
  );
  await call({ ...admin, store: shop.slug }, "POST", `/variants/${variant_id}/stock`, { delta: -1, reason: "count" });
  return body.available - 1;
}

/** Fills a cart; gives the caller with the guest's token, if it is a guest. */
export async function fill(caller: Caller, variant_id: string, quantity = 1): Promise<Caller> {
  const here = { store: store.slug, ...caller };
  const { status, body } = await call<{ token?: string }>(here, "POST", "/cart/items", { variant_id, quantity });
  expect(status).toBe(201);
  return body.token ? { ...here, cart: body.token } : here;
}

export function keyed(caller: Caller, key: string = crypto.randomUUID()): Caller {
  return { ...caller, headers: { ...caller.headers, "Idempotency-Key": key } };
}

export const place = <Body = Order>(caller: Caller, more: object = {}, key?: string): Promise<Answer<Body>> =>
  call<Body>(keyed(caller, key), "POST", "/orders", { shipping_address: address, email: "ada@example.com", ...more });

export const pay = (caller: Caller, order_id: string, token = "tok_ok", key?: string) =>
  call<Payment>(keyed(caller, key), "POST", "/payments", { order_id, method: "test", token });

export const move = (caller: Caller, id: string, body: object) =>
  call<Order & Problem>(caller, "PUT", `/orders/${id}/status`, body);

export async function eventually<T>(look: () => Promise<T>, fits: (value: T) => boolean): Promise<T> {
  for (let tries = 0;; tries++) {
    const value = await look();
    if (fits(value) || tries >= 100) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

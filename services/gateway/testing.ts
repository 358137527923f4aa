/** For REST tests only: a client of the running shop. */
import { testShop } from "../shared/testing.ts";

/** Who calls, in which store, and what else the request carries. */
export interface Caller {
  /** An access token. */
  token?: string;
  /** A guest's token. */
  cart?: string;
  /** The store's slug; the default one if unset. */
  store?: string;
  headers?: Record<string, string>;
}

/** An answer; its body is what the test says that it is. */
export interface Answer<Body> {
  status: number;
  headers: Headers;
  body: Body;
}

const shop = testShop();

/** Sends a request to the shop. */
export async function call<Body>(caller: Caller, method: string, path: string, body?: unknown): Promise<Answer<Body>> {
  const { token, cart, store, headers } = caller;
  const response = await fetch(new URL(path, shop.gateway), {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(cart ? { "x-cart-token": cart } : {}),
      ...(store ? { "x-store": store } : {}),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
}

/** What these tests look at in a problem. */
export interface ProblemBody {
  status: number;
  code: string;
  errors: { pointer: string; code: string }[];
}

interface Tokens {
  user: { id: string };
  access_token: string;
}

/** Text that is unlike any other, for slugs, SKUs and e-mail addresses. */
export function unique(): string {
  return crypto.randomUUID().slice(0, 13);
}

/** The operator, signed in. */
export async function operator(): Promise<Caller & { token: string }> {
  const { body } = await call<Tokens>({}, "POST", "/auth/login", shop.operator);
  return { token: body.access_token };
}

export interface Person extends Caller {
  id: string;
  token: string;
  email: string;
  password: string;
}

/** Signs up somebody new; a guest's cart comes along. */
export async function signUp(caller: Caller = {}): Promise<Person> {
  const [email, password] = [`${unique()}@nano.test`, `${crypto.randomUUID()}!`];
  const { body } = await call<Tokens>(caller, "POST", "/auth/register", { email, password });
  return { id: body.user.id, token: body.access_token, email, password };
}

/** Signs up somebody whom the operator gives a role in a store. */
export async function hire(admin: Caller, store_id: string, role: "manager" | "support"): Promise<Person> {
  const person = await signUp();
  await call(admin, "PATCH", `/users/${person.id}`, { store_roles: [{ store_id, role }] });
  const { body } = await call<Tokens>({}, "POST", "/auth/login", { email: person.email, password: person.password });
  return { ...person, token: body.access_token };
}

/** Opens a store of one's own; gives its id and slug. */
export async function openStore(admin: Caller, more: object = {}): Promise<{ id: string; slug: string }> {
  const input = { slug: `s-${unique()}`, name: "A store", currency: "USD", country: "US", ...more };
  return (await call<{ id: string; slug: string }>(admin, "POST", "/stores", input)).body;
}

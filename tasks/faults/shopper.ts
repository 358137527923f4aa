import { createHash } from "node:crypto";
import { delay } from "../shop/children.ts";
import { type Answer, type Client, isFinal, type Who } from "./client.ts";
import type { Random } from "./random.ts";

/** What a cart holds: how many of each variant. */
export type Fold = Record<string, number>;

/** What shoppers were told for good: it must be true for ever. */
export interface Acknowledged {
  orders: { key: string; order_id: string; principal: string; paid?: boolean }[];
  payments: { payment_id: string; order_id: string; outcome: "captured" | "declined" | "authorized" }[];
  cancelled: string[];
  refunds: { refund_id: string; payment_id: string; amount: number }[];
  /** What each cart may hold now: more than one where an operation was never answered. */
  carts: { store_id: string; principal: string; folds: Fold[] }[];
}

/** What a shopper can buy, and at which price. */
export interface Shelf {
  variant_id: string;
  price: number;
}

/** Where a shopper shops, and who hears what came of it. */
export interface ShopperOptions {
  client: Client;
  store_id: string;
  random: Random;
  shelves: readonly Shelf[];
  acknowledged: Acknowledged;
  /** Something that must never be seen was seen. */
  violation: (what: string) => void;
  /** A user's token; a guest has none. */
  user?: { id: string; bearer: string };
  /** Staff, who refunds. */
  staff: Who;
  tokens?: readonly string[];
  /** After so many milliseconds an operation that was not answered has happened, or never will. */
  settled?: number;
  name: string;
}

/** Where everybody has goods sent to. */
export const ADDRESS = {
  name: "Ada Lovelace",
  line1: "12 St James's Square",
  city: "London",
  postal_code: "SW1Y 4JH",
  country: "GB",
};

const TOKENS = [
  "tok_ok",
  "tok_ok",
  "tok_ok",
  "tok_ok",
  "tok_ok",
  "tok_declined",
  "tok_insufficient_funds",
  "tok_error",
];

/** A write's deadline, and a little: after it an operation that was not answered has happened, or never will. */
const SETTLED = 6_000;
const INSIST = 25_000;

interface Unresolved {
  method: string;
  path: string;
  body: unknown;
  key: string;
  then: (answer: Answer) => void;
}

/** A buyer who remembers what the shop told, and sends again, under the same key, what was not answered. */
export class Shopper {
  who: Who;
  readonly orders: { id: string; paid: boolean; total: number }[] = [];
  #possible: Fold[] = [{}];
  /** The lines of the order placed last: its cart is closed by job where that failed, so they may be seen a while. */
  #closing: Fold | undefined;
  readonly #unresolved: Unresolved[] = [];
  #keys = 0;

  constructor(readonly options: ShopperOptions) {
    this.who = options.user ? { bearer: options.user.bearer } : {};
  }

  get principal(): string {
    const { user } = this.options;
    if (user) return `user:${user.id}`;
    return this.who.cartToken ? `guest:${createHash("sha256").update(this.who.cartToken).digest("hex")}` : "";
  }

  /** Whether a request is still without an answer: then nothing more is asked until it has one. */
  get isStuck(): boolean {
    return this.#unresolved.length > 0;
  }

  /** One visit: looks around, fills the cart, orders, pays, and perhaps thinks better of it. */
  async visit(goOn: () => boolean): Promise<void> {
    const { random, shelves } = this.options;
    await this.options.client.send(this.who, "GET", "/products?limit=5");
    for (let left = random.between(1, 3); left > 0 && goOn(); left--) {
      await this.add(random.pick(shelves).variant_id, random.between(1, 2));
    }
    if (random.chance(0.1) && goOn()) await this.clear();
    if (random.chance(0.2) && goOn()) await this.read();
    if (!goOn() || !this.#possible.some((fold) => Object.keys(fold).length > 0)) return;
    const order = await this.order(random.chance(0.3) ? this.#token() : undefined);
    // Something of the cart was gone: another one, then.
    if (!order && !this.isStuck && goOn()) await this.clear();
    if (!order || !goOn()) return;
    if (!order.paid && random.chance(0.85)) await this.pay(order, this.#token());
    const after = random.next();
    if (!goOn()) return;
    if (after < 0.15) await this.cancel(order);
    else if (after < 0.3 && order.paid) await this.refund(order);
  }

  async add(variant_id: string, quantity: number): Promise<Answer> {
    const body = { variant_id, quantity };
    return await this.#change(() => this.options.client.send(this.who, "POST", "/cart/items", body), (fold) => ({
      ...fold,
      [variant_id]: (fold[variant_id] ?? 0) + quantity,
    }));
  }

  async clear(): Promise<void> {
    await this.#change(() => this.options.client.send(this.who, "DELETE", "/cart"), () => ({}));
  }

  /** Reads the cart; what it shows must be what the acknowledged operations make of it. */
  async read(narrow = false): Promise<void> {
    const { client, violation, name } = this.options;
    const answer = await client.insist(this.who, "GET", "/cart", undefined, undefined, INSIST);
    if (answer.status !== 200) return;
    const actual = foldOf(answer.body.items);
    const closing = this.#closing;
    const fitting = this.#possible.filter((fold) =>
      same(fold, actual) || closing !== undefined && same(plus(fold, closing), actual)
    );
    if (fitting.length === 0) {
      violation(`I7 ${name}'s cart shows ${JSON.stringify(actual)}, not ${JSON.stringify(this.#possible)}`);
    } else if (narrow) this.#possible = fitting;
  }

  /** Places an order of the cart; undefined if there is none. */
  async order(token?: string): Promise<typeof this.orders[number] | undefined> {
    if (!this.options.user && !this.who.cartToken) return undefined;
    const before = this.orders.length;
    await this.#keyed("POST", "/orders", {
      shipping_address: ADDRESS,
      email: `${this.options.name}@example.com`,
      ...(token ? { payment: { method: "test", token } } : {}),
    }, (answer, key) => this.#ordered(answer, key));
    return this.orders.length > before ? this.orders.at(-1) : undefined;
  }

  async pay(order: { id: string; paid: boolean }, token: string): Promise<void> {
    const payment = token === "manual" ? { method: "manual" } : { method: "test", token };
    await this.#keyed("POST", "/payments", { order_id: order.id, ...payment }, ({ status, body }) => {
      if (status === 201) {
        order.paid = true;
        const outcome = body.status === "authorized" ? "authorized" as const : "captured" as const;
        this.options.acknowledged.payments.push({ payment_id: body.id, order_id: order.id, outcome });
      }
    });
  }

  async cancel(order: { id: string }): Promise<void> {
    const { client, acknowledged } = this.options;
    const body = { status: "cancelled", reason: "changed my mind" };
    const answer = await client.insist(this.who, "PUT", `/orders/${order.id}/status`, body, undefined, INSIST);
    if (answer.status === 200) acknowledged.cancelled.push(order.id);
  }

  /** Has staff refund a part of what was paid. */
  async refund(order: { id: string; total: number }): Promise<void> {
    const { staff, acknowledged } = this.options;
    const paid = acknowledged.payments.find(({ order_id, outcome }) => order_id === order.id && outcome === "captured");
    if (!paid) return;
    const amount = Math.max(1, Math.floor(order.total / 3));
    await this.#keyed(
      "POST",
      `/payments/${paid.payment_id}/refunds`,
      { amount, reason: "a scratch" },
      ({ status, body }) => {
        if (status !== 201 || body.status !== "succeeded") return;
        acknowledged.refunds.push({ refund_id: body.id, payment_id: paid.payment_id, amount });
      },
      staff,
    );
  }

  /** Has staff capture or void what was authorised. */
  async operate(order: { id: string }, kind: "capture" | "void"): Promise<void> {
    const { staff, acknowledged } = this.options;
    const payment = acknowledged.payments.find(({ order_id, outcome }) =>
      order_id === order.id && outcome === "authorized"
    );
    if (!payment) return;
    await this.#keyed("POST", `/payments/${payment.payment_id}/${kind}`, {}, () => {}, staff);
  }

  /** When all is well again: sends once more what was never answered, and says what the cart must be. */
  async finish(): Promise<void> {
    const { client, store_id, violation, name, acknowledged } = this.options;
    for (let next = this.#unresolved.shift(); next; next = this.#unresolved.shift()) {
      const { method, path, body, key, then } = next;
      const who = /\/(refunds|capture|void)$/.test(path) ? this.options.staff : this.who;
      const answer = await client.insist(who, method, path, body, key, INSIST);
      if (isFinal(answer)) then(answer);
      else violation(`${name}: ${method} ${path} has no final answer, though all is well: ${answer.status}`);
    }
    if (this.principal) acknowledged.carts.push({ store_id, principal: this.principal, folds: this.#possible });
  }

  /** What the shop shows at the very end must be the cart too, whatever a cache holds. */
  async verify(): Promise<void> {
    if (!this.principal) return;
    this.#closing = undefined;
    await this.read();
  }

  #token(): string {
    return this.options.random.pick(this.options.tokens ?? TOKENS);
  }

  async #change(send: () => Promise<Answer>, effect: (fold: Fold) => Fold): Promise<Answer> {
    const began = Date.now();
    const answer = await send();
    if (answer.body?.token) this.who.cartToken = answer.body.token;
    if (answer.status === 201 || answer.status === 204) this.#possible = this.#possible.map(effect);
    if (answer.status !== 0 && answer.status < 500) return answer;
    // A guest who was never given a token has no cart.
    if (!this.principal) return answer;
    this.#possible = [...this.#possible, ...this.#possible.map(effect)];
    await delay(Math.max(0, began + (this.options.settled ?? SETTLED) - Date.now()));
    await this.read(true);
    return answer;
  }

  async #keyed(
    method: string,
    path: string,
    body: unknown,
    then: (answer: Answer, key: string) => void,
    who = this.who,
  ): Promise<void> {
    const key = `${this.options.name}-${++this.#keys}-${this.options.random.between(0, 1e9)}`;
    const answer = await this.options.client.insist(who, method, path, body, key, INSIST);
    if (isFinal(answer)) then(answer, key);
    else this.#unresolved.push({ method, path, body, key, then: (late) => then(late, key) });
  }

  #ordered({ status, body }: Answer, key: string): void {
    const { acknowledged, violation, name } = this.options;
    if (status === 409 && body.code === "out_of_stock") return;
    if (status === 409 && body.code === "cart_empty" && !this.#closing && !this.#possible.some(isEmpty)) {
      violation(`I7 ${name}'s cart is said to be empty but held ${JSON.stringify(this.#possible)}`);
    }
    if (status !== 201) return;
    const lines = foldOf(body.items);
    if (!this.#possible.some((fold) => same(fold, lines))) {
      violation(`I7 ${name} ordered ${JSON.stringify(lines)} of a cart of ${JSON.stringify(this.#possible)}`);
    }
    this.#possible = [{}];
    this.#closing = lines;
    const paid = body.status !== "pending_payment";
    acknowledged.orders.push({ key, order_id: body.id, principal: this.principal, paid });
    this.orders.push({ id: body.id, paid, total: body.total.amount });
  }
}

/** What the items of a cart or order add up to. */
function foldOf(items: { variant_id: string; quantity: number }[]): Fold {
  const fold: Fold = {};
  for (const { variant_id, quantity } of items) fold[variant_id] = (fold[variant_id] ?? 0) + quantity;
  return fold;
}

function plus(a: Fold, b: Fold): Fold {
  const sum = { ...a };
  for (const [variant_id, quantity] of Object.entries(b)) sum[variant_id] = (sum[variant_id] ?? 0) + quantity;
  return sum;
}

function same(a: Fold, b: Fold): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

function isEmpty(fold: Fold): boolean {
  return Object.keys(fold).length === 0;
}

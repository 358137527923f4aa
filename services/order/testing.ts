/** For tests only: the order service over gRPC, on a database of its own, with neighbours that the test commands. */
import type { Checkout } from "../../proto/gen/nano/cart/v1/cart.ts";
import {
  type Order,
  type OrderServiceServer,
  OrderServiceService,
  type PlaceOrderRequest,
} from "../../proto/gen/nano/order/v1/order.ts";
import type { AuthorizeRequest, Payment } from "../../proto/gen/nano/payment/v1/payment.ts";
import type { Offer } from "../../proto/gen/nano/product/v1/product.ts";
import { type Actor, currentActor } from "../shared/auth.ts";
import { SYSTEM } from "../shared/context.ts";
import { conflict, invalid, timedOut, unavailable } from "../shared/errors.ts";
import { connect, createServer, listen, type Rpcs, stopServer } from "../shared/grpc.ts";
import { newId, sha256 } from "../shared/ids.ts";
import { createLog } from "../shared/log.ts";
import { as, type TestDatabase, testDatabase } from "../shared/testing.ts";
import type { Neighbours } from "./clients.ts";
import type { Deps } from "./deps.ts";
import { createHandlers } from "./handlers.ts";
import { createJobs } from "./jobs.ts";
import { createRepository } from "./repository.ts";

export { as };

export const STORE = newId();
export const OTHER_STORE = newId();

/** What a step of a neighbour does instead of its work: fails, or never comes back, as where the process is killed. */
export type Fault = "away" | "late" | "never" | "away after it was done" | "never after it was done";

/** Carts, catalogue, stock, stores and payments that do as the test says. Every call is noted in `calls`. */
export class FakeNeighbours implements Neighbours {
  readonly calls: string[] = [];
  readonly faults = new Map<string, Fault>();
  readonly carts = new Map<string, { cart_id: string; lines: Checkout["lines"]; order_id?: string }>();
  readonly offers = new Map<string, Offer>();
  readonly held = new Map<string, "held" | "committed" | "released">();
  readonly #lines = new Map<string, { variant_id: string; quantity: number }[]>();
  readonly returned = new Map<string, { variant_id: string; quantity: number }[]>();
  readonly payments = new Map<string, Payment>();
  tax = { rate_bp: 1000, included: false };
  storeStatus = "active";
  currency = "USD";

  /** Puts a variant on sale. */
  sell(amount = 1000, available = 100): Offer {
    const variant_id = newId();
    const price = { amount, currency: this.currency };
    const name = `Thing ${this.offers.size}`;
    const offer = { variant_id, product_id: newId(), sku: `SKU-${this.offers.size}`, name, price, available };
    this.offers.set(variant_id, offer);
    return offer;
  }

  /** Fills a buyer's cart; gives its id. */
  fill(actor: Actor, lines: Checkout["lines"], store_id = STORE): string {
    const cart_id = newId();
    this.carts.set(keyOf(actor, store_id), { cart_id, lines });
    return cart_id;
  }

  /** How a step goes wrong from now on; undefined: it does not. */
  fault(step: string, fault: Fault | undefined): void {
    if (fault) this.faults.set(step, fault);
    else this.faults.delete(step);
  }

  readonly cart: Neighbours["cart"] = {
    getCheckout: (store_id) =>
      this.#step("getCheckout", () => {
        const found = this.carts.get(keyOf(currentActor(), store_id));
        if (!found) return undefined;
        const guest_expire_time = new Date(Date.now() + 90 * 24 * 3600_000);
        return found.order_id
          ? { cart_id: found.cart_id, lines: [], ordered_as: found.order_id, guest_expire_time }
          : { cart_id: found.cart_id, lines: found.lines, guest_expire_time };
      }),
    closeCart: (cart_id, order_id) =>
      this.#step("closeCart", () => {
        const cart = [...this.carts.values()].find((found) => found.cart_id === cart_id);
        if (cart?.order_id && cart.order_id !== order_id) throw conflict("cart_ordered", "Ordered already.");
        if (cart) cart.order_id = order_id;
      }),
  };

  readonly product: Neighbours["product"] = {
    getOffers: (_store_id, ids) => this.#step("getOffers", () => ids.flatMap((id) => this.offers.get(id) ?? [])),
    reserveStock: ({ order_id, lines }) =>
      this.#step("reserveStock", () => {
        if (this.held.get(order_id) === "released") throw conflict("hold_closed", "The hold was closed.");
        if (this.held.has(order_id)) return;
        const short = lines.filter((line) => (this.offers.get(line.variant_id)?.available ?? 0) < line.quantity);
        if (short.length > 0) throw conflict("out_of_stock", "There is not enough.", { items: short });
        for (const line of lines) this.#move(line.variant_id, -line.quantity);
        this.#lines.set(order_id, lines);
        this.held.set(order_id, "held");
      }),
    releaseStock: (order_id) => this.#step("releaseStock", () => this.#end(order_id, "released")),
    commitStock: (order_id) =>
      this.#step("commitStock", () => {
        if (!this.held.has(order_id)) throw conflict("stock_not_held", "Nothing is held.");
        this.#end(order_id, "committed");
      }),
    returnStock: ({ order_id, key, lines }) =>
      this.#step("returnStock", () => {
        if (this.held.get(order_id) !== "committed") throw conflict("over_return", "The order took nothing.");
        this.returned.set(key, lines);
      }),
  };

  readonly store: Neighbours["store"] = {
    getStore: (id) =>
      this.#step("getStore", () => ({
        id,
        slug: "test",
        name: "Test",
        status: this.storeStatus,
        currency: this.currency,
        currencies: [this.currency],
        locale: "en-US",
        country: "US",
        origins: [],
        tax: this.tax,
        create_time: undefined,
        update_time: undefined,
        version: 1,
      })),
    publishEvent: () => this.#step("publishEvent", () => ({})),
    publishEvents: ({ events }) => this.#step("publishEvents", () => ({ outcomes: events.map(() => ({ status: 0 })) })),
  };

  readonly payment: Neighbours["payment"] = {
    authorize: (request) => this.#step("authorize", () => this.#pay(request)),
    methods: () => Promise.resolve(["test", "manual"]),
    getPayment: (id) => this.#step("getPayment", () => this.payments.get(id)),
    cancelPayments: (order_id) =>
      this.#step("cancelPayments", () => {
        const found = [...this.payments.values()].filter((payment) => payment.order_id === order_id);
        for (const payment of found) {
          if (payment.status === "authorized") payment.status = "voided";
          if (payment.status !== "captured") continue;
          payment.status = "refunded";
          payment.refunded_amount = payment.captured_amount;
        }
        return found;
      }),
    refundPayment: (id) =>
      this.#step("refundPayment", () => {
        const payment = this.payments.get(id);
        if (payment) Object.assign(payment, { status: "refunded", refunded_amount: payment.captured_amount });
      }),
  };

  #pay({ payment_id, order_id, store_id, amount, method, token }: AuthorizeRequest): Payment {
    const earlier = this.payments.get(payment_id);
    if (earlier) return earlier;
    if (method !== "test" && method !== "manual") {
      throw invalid("unknown_method", "There is no such method.", "/method");
    }
    const status = method === "manual"
      ? "authorized"
      : token === "tok_declined"
      ? "declined"
      : token === "tok_unknown"
      ? "unknown"
      : "captured";
    const zero = { amount: 0, currency: amount?.currency ?? "" };
    const payment: Payment = {
      id: payment_id,
      order_id,
      store_id,
      method,
      status,
      amount,
      captured_amount: status === "captured" ? amount : zero,
      refunded_amount: zero,
      ...(status === "declined" ? { failure_code: "card_declined" } : {}),
      create_time: new Date(),
    };
    this.payments.set(payment_id, payment);
    return payment;
  }

  #end(order_id: string, state: "committed" | "released"): void {
    if (this.held.has(order_id) && this.held.get(order_id) !== "held") return;
    this.held.set(order_id, state);
    if (state === "released") this.#lines.get(order_id)?.forEach((line) => this.#move(line.variant_id, line.quantity));
  }

  #move(variant_id: string, quantity: number): void {
    const offer = this.offers.get(variant_id);
    if (offer) offer.available += quantity;
  }

  async #step<T>(name: string, work: () => T): Promise<T> {
    this.calls.push(name);
    const fault = this.faults.get(name);
    if (fault === "away") throw unavailable();
    if (fault === "late") throw timedOut();
    if (fault === "never") return await new Promise<never>(() => {});
    const done = await Promise.resolve().then(work);
    if (fault === "away after it was done") throw unavailable();
    if (fault === "never after it was done") return await new Promise<never>(() => {});
    return done;
  }
}

export interface OrderHouse {
  database: TestDatabase;
  deps: Deps;
  neighbours: FakeNeighbours;
  rpc: Rpcs<OrderServiceServer>;
  /** Runs a job's handler as the job runner would. */
  runJob(name: string, payload: unknown): Promise<void>;
  /** Runs all jobs that wait, but events, whatever their time; gives their names. */
  runJobs(): Promise<string[]>;
  /** Lets the lease of every key end, as if 12 s had passed. */
  endLeases(): Promise<void>;
  close(): Promise<void>;
}

/** Starts the service on a free port. Jobs run only when the test says so. */
export async function startOrders(neighbours = new FakeNeighbours()): Promise<OrderHouse> {
  const database = await testDatabase("order");
  const log = createLog("order", { LOG_LEVEL: "ERROR" });
  log.level = "silent";
  const deps: Deps = { orders: createRepository(database.pool), neighbours, log };
  const server = createServer<OrderServiceServer>(OrderServiceService, createHandlers(deps), log);
  const port = await listen(server, "127.0.0.1:0");
  const rpc = connect<OrderServiceServer>(OrderServiceService, `127.0.0.1:${port}`);
  const jobs = createJobs(deps);

  async function runJob(name: string, payload: unknown): Promise<void> {
    const handle = jobs[name];
    if (!handle) throw new Error(`There is no job ${name}.`);
    await as(SYSTEM, () => handle(payload));
  }

  async function runJobs(): Promise<string[]> {
    const { rows } = await database.owner.query<{ id: string; name: string; payload: unknown }>(
      `with taken as (delete from order_jobs._private_jobs j using order_jobs._private_tasks t
         where t.id = j.task_id and t.identifier <> 'publish_event' returning j.id, t.identifier as name, j.payload)
       select * from taken order by id`,
    );
    for (const { name, payload } of rows) await runJob(name, payload);
    return rows.map((row) => row.name);
  }

  return {
    database,
    deps,
    neighbours,
    rpc,
    runJob,
    runJobs,
    endLeases: async () => {
      await database.owner.query(
        `update "order".idempotency_keys set locked_until = now() - interval '1 s' where state = 'in_progress'`,
      );
    },
    close: async () => {
      rpc.close();
      await stopServer(server, 500);
      await database.drop();
    },
  };
}

/** A signed-in customer. */
export function someone(): Actor {
  const user_id = newId();
  return { kind: "user", user_id, role: "customer", store_roles: [], email: `${user_id}@example.com` };
}

/** A guest. */
export async function guest(): Promise<Actor> {
  return { kind: "guest", guest_hash: await sha256(newId()), store_roles: [] };
}

/** Staff of a store. */
export function staff(role: "support" | "manager" = "manager", store_id = STORE): Actor {
  return { kind: "user", user_id: newId(), role: "customer", store_roles: [{ store_id, role }] };
}

export const ADDRESS = {
  name: "Ada Lovelace",
  line1: "12 St James's Square",
  city: "London",
  postal_code: "SW1Y 4JH",
  country: "GB",
};

/** A request to place an order, under a new key unless it is given. */
export function placing(more: Partial<PlaceOrderRequest> = {}): PlaceOrderRequest {
  const idempotency_key = { key: newId(), fingerprint: "one" };
  return { store_id: STORE, idempotency_key, shipping_address: ADDRESS, email: "ada@example.com", ...more };
}

/** Places an order of so many things at that price. */
export async function placeOrder(
  house: OrderHouse,
  actor: Actor,
  { amount = 1000, quantity = 1, ...more }: Partial<PlaceOrderRequest> & { amount?: number; quantity?: number } = {},
): Promise<Order> {
  const { variant_id } = house.neighbours.sell(amount);
  house.neighbours.fill(actor, [{ variant_id, quantity }], more.store_id ?? STORE);
  const { order } = await as(actor, () => house.rpc.placeOrder(placing(more)));
  if (!order) throw new Error("The answer has no order.");
  return order;
}

/** The code of the error that a call ends with, and its further members. */
export async function refusal(call: Promise<unknown>): Promise<{ code: string; [member: string]: unknown }> {
  try {
    await call;
  } catch (error) {
    const { code, extras } = error as {
      code: string;
      extras?: { members?: Record<string, unknown>; replayed?: boolean };
    };
    return { code, ...extras?.members, ...(extras?.replayed ? { replayed: true } : {}) };
  }
  throw new Error("It was not refused.");
}

function keyOf(actor: Actor, store_id: string): string {
  return `${actor.user_id ?? actor.guest_hash}:${store_id}`;
}

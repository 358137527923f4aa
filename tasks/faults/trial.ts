import { delay } from "../shop/children.ts";
import { Client, type Said, Tally } from "./client.ts";
import { findBroken, noteAcknowledged, prepareCheck } from "./invariants.ts";
import { Random } from "./random.ts";
import { type Acknowledged, type Shelf, Shopper } from "./shopper.ts";
import { listJobs, passTime, untilQuiet } from "./time.ts";
import type { World } from "./world.ts";

/** What goes wrong, and what must be so all the same. */
export interface Fault {
  readonly number: number;
  readonly title: string;
  /** With how many seeds it is tried, where not one. */
  readonly seeds?: number;
  /** Whether it waits most of its time: it does so in a shop of its own, while the others are tried. */
  readonly isIdle?: boolean;
  run(trial: Trial): Promise<void>;
}

/** A fault as it was tried once. */
export interface Result {
  readonly number: number;
  readonly title: string;
  readonly seed: number;
  readonly operations: number;
  readonly acknowledged: number;
  readonly violations: readonly string[];
  readonly seconds: number;
  /** What the fault did, such as how often a process died. */
  readonly notes: readonly string[];
}

/** What a trial's own store is like. */
export interface StoreInput {
  currency?: string;
  tax?: { rate_bp: number; included: boolean };
  /** How much there is of each of the products. */
  stock?: readonly number[];
}

/** Who shops during a trial, and how long. */
export interface Load {
  shoppers?: number;
  /** How long they shop. */
  seconds?: number;
  tokens?: readonly string[];
  /** How long what was not answered may be under way all the same. */
  settled?: number;
  /** The part of them who have an account. */
  users?: number;
  /** Requests a second in all that they keep up, as far as they are answered; else each goes on after a moment. */
  rate?: number;
}

const operatorTokens = new WeakMap<World, { token: string; until: number }>();

/** One trial of one fault: a store of its own, its shoppers, and what they saw. */
export class Trial {
  readonly random: Random;
  readonly tally = new Tally();
  readonly violations: string[] = [];
  readonly notes: string[] = [];
  readonly acknowledged: Acknowledged = { orders: [], payments: [], cancelled: [], refunds: [], carts: [] };
  readonly shoppers: Shopper[] = [];
  client!: Client;
  store_id = "";
  shelves: Shelf[] = [];
  staff = { bearer: "" };
  #people = 0;

  /** `quick`: less of it, as in the tests. */
  constructor(readonly world: World, readonly fault: Fault, readonly seed: number, readonly quick = false) {
    this.random = new Random(seed).fork(fault.number);
  }

  violation(what: string): void {
    this.violations.push(what);
  }

  expect(holds: boolean, what: string): void {
    if (!holds) this.violation(what);
  }

  /** Opens a store with some products; the trial's clients shop there from then on. */
  async openStore({ currency = "USD", tax, stock = [500, 500, 500, 4] }: StoreInput = {}): Promise<void> {
    const { world } = this;
    this.staff = { bearer: await operatorOf(world) };
    const slug = `fault-${this.fault.number}-${this.seed}-${crypto.randomUUID().slice(0, 8)}`;
    const store = await this.call("POST", "/stores", {
      slug,
      name: `Fault ${this.fault.number}`,
      currency,
      country: "DE",
      tax: tax ?? { rate_bp: this.random.pick([0, 700, 1900]), included: this.random.chance(0.5) },
    });
    this.store_id = store.id;
    this.client = new Client(world.gateway, slug, this.tally);
    this.shelves = [];
    for (const [index, quantity] of stock.entries()) {
      const price = this.random.between(99, 9999);
      const product = await this.call("POST", "/products", {
        name: `Thing ${index}`,
        slug: `${slug}-${index}`,
        sku: `T-${index}`,
        price,
        stock: quantity,
      });
      this.shelves.push({ variant_id: product.variants[0]?.id ?? "", price });
    }
  }

  /** A request of the operator's that must succeed. It does not count. */
  async call(method: string, path: string, body?: unknown, key?: string): Promise<Said> {
    const client = new Client(this.world.gateway, this.client?.store ?? "default", new Tally());
    const answer = await client.insist(this.staff, method, path, body, key, 10_000);
    if (answer.status >= 200 && answer.status < 300) return answer.body;
    throw new Error(`Cannot ${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  /** A new shopper, a guest or a user with an account. */
  async shopper(
    { user = false, tokens, settled }: Pick<Load, "tokens" | "settled"> & { user?: boolean } = {},
  ): Promise<Shopper> {
    const name = `f${this.fault.number}-s${this.seed}-${++this.#people}-${this.store_id.slice(-6)}`;
    const account = user ? await this.register(name) : undefined;
    const shopper = new Shopper({
      client: this.client,
      store_id: this.store_id,
      random: this.random.fork(name.split("-").slice(0, 3).join("-")),
      shelves: this.shelves,
      acknowledged: this.acknowledged,
      violation: (what) => this.violation(what),
      staff: this.staff,
      name,
      ...(tokens ? { tokens } : {}),
      ...(settled ? { settled } : {}),
      ...(account ? { user: account } : {}),
    });
    this.shoppers.push(shopper);
    return shopper;
  }

  /** Makes an account; gives its id and tokens. */
  async register(name: string): Promise<{ id: string; bearer: string; refresh: string }> {
    const answer = await this.call("POST", "/auth/register", {
      email: `${name}@example.com`,
      password: "correct horse 42 battery",
    });
    return { id: answer.user.id, bearer: answer.access_token, refresh: answer.refresh_token };
  }

  /** Has shoppers shop for a while, and meanwhile lets the fault happen. */
  async load(
    { shoppers = 10, seconds = 4, users = 0.3, rate, ...how }: Load,
    inject: () => Promise<void>,
  ): Promise<void> {
    const people = await Promise.all(
      Array.from(
        { length: this.quick ? Math.ceil(shoppers / 2) : shoppers },
        (_, index) => this.shopper({ user: index < shoppers * users, ...how }),
      ),
    );
    const [began, before] = [Date.now(), this.tally.operations];
    const end = began + seconds * 1000;
    let injecting = true;
    const goOn = () => Date.now() < end || injecting;
    const isEarly = () => rate && this.tally.operations - before > rate * (Date.now() - began) / 1000;
    const shopping = people.map(async (shopper) => {
      while (goOn() && !shopper.isStuck) {
        await shopper.visit(goOn);
        do await delay(this.random.between(0, 50)); while (goOn() && isEarly());
      }
    });
    try {
      await delay(Math.min(700, seconds * 250));
      await inject();
    } finally {
      injecting = false;
    }
    await Promise.all(shopping);
  }

  /** Takes the fault back, lets everything come to rest, and checks what clients were told and all invariants. */
  async conclude(): Promise<void> {
    const { world, acknowledged } = this;
    await world.heal();
    // Jobs that failed while all was broken wait longer than clients do.
    await this.passTime(60);
    await Promise.all(this.shoppers.map((shopper) => shopper.finish()));
    const left = await untilQuiet(world.owner);
    for (const { schema, task, attempts, last_error } of left.slice(0, 5)) {
      this.violation(`I8 a job of ${schema} does not end: ${task} after ${attempts} attempts: ${last_error}`);
    }
    await Promise.all(this.shoppers.map((shopper) => shopper.verify()));
    await prepareCheck(world.owner);
    await noteAcknowledged(world.owner, acknowledged);
    for (const { name, rows } of await findBroken(world.owner)) {
      this.violation(`${name}: ${JSON.stringify(rows).slice(0, 600)}`);
    }
  }

  passTime(seconds: number): Promise<void> {
    return passTime(this.world.owner, seconds);
  }

  jobs() {
    return listJobs(this.world.owner);
  }

  /** Rows that the owner's query finds. */
  // deno-lint-ignore no-explicit-any -- rows of any shape
  async query(sql: string, values: unknown[] = []): Promise<any[]> {
    return (await this.world.owner.query(sql, values)).rows;
  }

  /** Says that no request was answered with an error of ours, or not at all. */
  expectNoServerErrors(): void {
    const errors = this.tally.serverErrors;
    this.expect(errors.length === 0, `${errors.length} answers of 5xx or none: ${errors.slice(0, 5).join("; ")}`);
  }

  /** Says that no answer was a plain 500, whatever happened. */
  expectNo500(): void {
    const errors = this.tally.serverErrors.filter((error) => error.startsWith("500"));
    this.expect(errors.length === 0, `${errors.length} answers of 500: ${errors.slice(0, 5).join("; ")}`);
  }

  /** Says that nobody had to wait longer than any deadline allows. */
  expectInTime(milliseconds = 12_000): void {
    const { slowest } = this.tally;
    this.expect(slowest < milliseconds, `a request took ${Math.round(slowest)} ms, over ${milliseconds}`);
  }
}

/** Tries a fault with a seed. */
export async function tryFault(world: World, fault: Fault, seed: number, quick = false): Promise<Result> {
  const began = Date.now();
  const trial = new Trial(world, fault, seed, quick);
  try {
    await trial.openStore();
    await fault.run(trial);
  } catch (error) {
    trial.violation(`the trial itself failed: ${error instanceof Error ? error.stack : error}`);
  }
  await trial.conclude().catch((error) =>
    trial.violation(`no conclusion: ${error instanceof Error ? error.stack : error}`)
  );
  world.isWarm = true;
  const { operations, acknowledged } = trial.tally;
  const { orders, payments, cancelled, refunds } = trial.acknowledged;
  trial.notes.push(
    `${orders.length} orders, ${payments.length} payments, ${cancelled.length} cancelled, ${refunds.length} refunds`,
  );
  const { number, title } = fault;
  const seconds = (Date.now() - began) / 1000;
  return { number, title, seed, operations, acknowledged, violations: trial.violations, seconds, notes: trial.notes };
}

/** The operator's token, for a few minutes. */
async function operatorOf(world: World): Promise<string> {
  const known = operatorTokens.get(world);
  if (known && known.until > Date.now()) return known.token;
  const client = new Client(world.gateway, "default", new Tally());
  const { status, body } = await client.insist({}, "POST", "/auth/login", world.operator, undefined, 10_000);
  if (status !== 200) throw new Error(`Cannot sign in as the operator: ${status} ${JSON.stringify(body)}`);
  operatorTokens.set(world, { token: body.access_token, until: Date.now() + 300_000 });
  return body.access_token;
}

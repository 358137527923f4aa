import { Connection, type Reply, type Sendable } from "../bench/client.ts";
import { createRandom, type Random } from "../bench/seeded.ts";
import type { Tally, Took } from "./tally.ts";

/** What is asked of a shop: so many arrivals a second for so long, whatever becomes of them. */
export interface LoadPlan {
  gateway: URL;
  rate: number;
  seconds: number;
  /** The most requests at a time; arrivals beyond wait, and their wait counts. */
  connections: number;
  /** Paths that are browsed, and what is bought. */
  paths: readonly string[];
  variants: readonly string[];
  seed: number;
  signal: AbortSignal;
}

/** The mix: of 100 arrivals so many of each. */
export const MIX = { browse: 90, cart: 8, checkout: 2 } as const;
export type Kind = keyof typeof MIX;

const TICK_MS = 2;
/** Who gets no answer for so long goes away. */
const PATIENCE_MS = 10_000;
/** The shop has its own say on how many come at a time from one guest: carts are shared by few. */
const CARTS = 50;
const ADDRESS = {
  name: "Ada Lovelace",
  line1: "12 St James Square",
  city: "London",
  postal_code: "SW1Y 4JH",
  country: "GB",
};

type Ask = (request: Sendable) => Promise<Reply>;

/**
 * Runs the load, open loop: an arrival comes when its time has come, and its latency counts from then, also where
 * nobody was free to send it. So a shop that stalls is measured as its customers would feel it. What the generator was
 * late itself, as it shares the machine, is told apart.
 */
export async function generate(plan: LoadPlan, tally: Tally): Promise<void> {
  const pool = new Connections(plan);
  const carts: string[] = [];
  const under_way = new Set<Promise<void>>();
  const started = performance.now();
  const total = Math.round(plan.rate * plan.seconds);
  for (let arrival = 0; arrival < total && !plan.signal.aborted;) {
    const now = performance.now();
    const due = Math.min(total, Math.floor((now - started) / 1000 * plan.rate) + 1);
    for (; arrival < due; arrival++) {
      // Chance of its own, so that what one does depends on no other's answer.
      const random = createRandom(plan.seed + arrival);
      const kind = kindOf(random);
      tally.sent(kind);
      const visit = new Visit(started + arrival * 1000 / plan.rate);
      const work: Promise<void> = pool.use((send) => STORIES[kind](visit.asking(send), plan, random, carts))
        .then((reply) => tally.answered(kind, visit.took(reply), reply))
        .catch((error) => tally.failed(kind, error))
        .finally(() => under_way.delete(work));
      under_way.add(work);
    }
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    tally.ticked(performance.now() - now - TICK_MS);
  }
  await Promise.all(under_way);
  pool.close();
}

/** One arrival and the clock of its requests, in milliseconds by performance.now(). */
class Visit {
  /** When the present request was due: when the visitor came, then when the answer before was there. */
  #due: number;
  #late = 0;
  #firstLate: number | undefined;
  #answered = 0;

  constructor(readonly came: number) {
    this.#due = came;
  }

  asking(send: Ask): Ask {
    return async (request) => {
      if (this.#answered) this.#due = this.#answered;
      this.#late = performance.now() - this.#due;
      this.#firstLate ??= this.#late;
      try {
        return await send(request);
      } finally {
        this.#answered = performance.now();
      }
    };
  }

  /** How long the whole took, or of a refusal the request that was refused; and how much of that was no fault of the shop's. */
  took({ status }: Reply): Took {
    return status < 400
      ? { ms: this.#answered - this.came, late: this.#firstLate ?? 0 }
      : { ms: this.#answered - this.#due, late: this.#late };
  }
}

function kindOf(random: Random): Kind {
  const at = random.below(100);
  return at < MIX.browse ? "browse" : at < MIX.browse + MIX.cart ? "cart" : "checkout";
}

/** What each kind does; it ends with the last answer, or the first that is no success. */
const STORIES: Record<Kind, (ask: Ask, plan: LoadPlan, random: Random, carts: string[]) => Promise<Reply>> = {
  browse: (ask, { paths }, random) => ask({ method: "GET", path: random.skewed(paths) }),
  async cart(ask, { variants }, random, carts) {
    const token = carts[random.below(CARTS)];
    if (token && random.below(2) === 0) {
      return await ask({ method: "GET", path: "/cart", headers: { "X-Cart-Token": token } });
    }
    const reply = await add(ask, random.skewed(variants), token);
    if (!token && reply.status < 300) carts.push(tokenOf(reply));
    return reply;
  },
  async checkout(ask, { variants }, random) {
    const added = await add(ask, random.skewed(variants));
    if (added.status >= 300) return added;
    const guest = { "X-Cart-Token": tokenOf(added) };
    const keyed = () => ({ ...guest, "Idempotency-Key": crypto.randomUUID() });
    const ordered = await ask({
      method: "POST",
      path: "/orders",
      headers: keyed(),
      body: { email: "load@nano.test", shipping_address: ADDRESS },
    });
    if (ordered.status >= 300) return ordered;
    const body = { order_id: parse<{ id: string }>(ordered).id, method: "test", token: "tok_ok" };
    return await ask({ method: "POST", path: "/payments", headers: keyed(), body });
  },
};

const add = (ask: Ask, variant_id: string, token?: string) =>
  ask({
    method: "POST",
    path: "/cart/items",
    headers: token ? { "X-Cart-Token": token } : {},
    body: { variant_id, quantity: 1 },
  });

const tokenOf = (reply: Reply) => parse<{ token: string }>(reply).token;

function parse<T>({ body }: Reply): T {
  return JSON.parse(new TextDecoder().decode(body)) as T;
}

/** Keep-alive connections, at most so many; who finds none free waits for his turn. */
class Connections {
  readonly #free: Connection[] = [];
  readonly #waiting: ((connection: Connection) => void)[] = [];
  #open = 0;

  constructor(readonly plan: Pick<LoadPlan, "gateway" | "connections">) {}

  async use<T>(work: (ask: Ask) => Promise<T>): Promise<T> {
    const connection = await this.#take();
    try {
      return await work((request) => inTime(connection, connection.send(connection.encode(request))));
    } finally {
      const next = this.#waiting.shift();
      if (next) next(connection);
      else this.#free.push(connection);
    }
  }

  close(): void {
    for (const connection of this.#free) connection.close();
  }

  #take(): Promise<Connection> {
    const { hostname, port } = this.plan.gateway;
    const free = this.#free.pop();
    if (free) return Promise.resolve(free);
    if (this.#open >= this.plan.connections) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#open++;
    return Promise.resolve(new Connection(hostname, Number(port), 32 * 1024));
  }
}

/** Closing the connection ends the wait. */
async function inTime(connection: Connection, answer: Promise<Reply>): Promise<Reply> {
  const timer = setTimeout(() => connection.close(), PATIENCE_MS);
  try {
    return await answer;
  } finally {
    clearTimeout(timer);
  }
}

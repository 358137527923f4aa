import { Connection, type Reply, type Sendable } from "./client.ts";
import { summarize, type Timing } from "./measure.ts";

/** What the load generator is asked to do: so many shoppers, each one thing after the other, for so long. */
export interface Load {
  hostname: string;
  port: number;
  connections: number;
  seconds: number;
  /** The requests, in turn; for `checkout` what each shopper adds, before it orders and pays. */
  requests: Sendable[];
  /** `fresh` makes each path one that was never asked for. */
  kind: "same" | "fresh" | "checkout";
  /** The tokens of signed-in shoppers, in turn. */
  tokens: readonly string[];
  address?: Readonly<Record<string, string>>;
}

/** What came of it. */
export interface LoadResult extends Timing {
  done: number;
  errors: number;
  /** The first of the errors. */
  error?: string;
  seconds: number;
}

type Work = (connection: Connection) => Promise<void>;
let count = 0;

/** Runs a load. What fails is counted and not timed. */
export async function runLoad(load: Load): Promise<LoadResult> {
  const taken: number[] = [];
  const result = { done: 0, errors: 0, error: undefined as string | undefined };
  const started = performance.now();
  const end = started + load.seconds * 1000;
  await Promise.all(Array.from({ length: load.connections }, async (_, index) => {
    const connection = new Connection(load.hostname, load.port);
    const work = workOf(load, index, connection);
    while (performance.now() < end) {
      const began = performance.now();
      try {
        await work(connection);
        taken.push(performance.now() - began);
      } catch (error) {
        result.errors++;
        result.error ??= String(error);
      }
    }
    connection.close();
  }));
  const { error, ...counts } = result;
  return {
    ...counts,
    ...(error ? { error } : {}),
    done: taken.length,
    seconds: (performance.now() - started) / 1000,
    ...summarize(taken),
  };
}

function workOf(load: Load, index: number, connection: Connection): Work {
  const token = load.tokens[index % load.tokens.length];
  const signed = token ? { Authorization: `Bearer ${token}` } : {};
  const requests = load.requests.map((request) => ({ ...request, headers: { ...request.headers, ...signed } }));
  if (load.kind === "checkout") return checkout(requests, signed, load.address ?? {}, index);
  const made = requests.map((request) => connection.encode(request));
  let turn = index;
  return async (connection) => {
    const at = turn++ % made.length;
    const [request, bytes] = [requests[at], made[at]];
    if (!request || !bytes) throw new Error("Cannot measure as there must be a request.");
    const fresh = load.kind === "fresh" && { ...request, path: `${request.path}&fresh=${started}-${count++}` };
    accept(request, await connection.send(fresh ? connection.encode(fresh) : bytes));
  };
}

const started = Date.now().toString(36);

/** A whole checkout: add to the cart, order, pay. */
function checkout(adds: Sendable[], signed: Record<string, string>, address: object, index: number): Work {
  let turn = index;
  const keyed = () => ({ ...signed, "Idempotency-Key": crypto.randomUUID() });
  const call = async (connection: Connection, request: Sendable) => {
    const { body } = accept(request, await connection.send(connection.encode(request)));
    return JSON.parse(new TextDecoder().decode(body));
  };
  return async (connection) => {
    const add = adds[turn++ % adds.length];
    if (!add) throw new Error("Cannot check out as there must be something to buy.");
    await call(connection, add);
    const order = await call(connection, {
      method: "POST",
      path: "/orders",
      headers: keyed(),
      body: { shipping_address: address },
    });
    const payment = await call(connection, {
      method: "POST",
      path: "/payments",
      headers: keyed(),
      body: { order_id: order.id, method: "test", token: "tok_ok" },
    });
    if (payment.status !== "captured") throw new Error(`The payment is ${payment.status}.`);
  };
}

function accept(request: Sendable, reply: Reply): Reply {
  if (reply.status >= 200 && reply.status < 300) return reply;
  const said = new TextDecoder().decode(reply.body.subarray(0, 300));
  throw new Error(`${request.method} ${request.path} answered ${reply.status}: ${said}`);
}

/** As a process of its own it takes a load per line of stdin, and answers with a line each. */
async function serve(): Promise<void> {
  let rest = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) console.log(JSON.stringify(await runLoad(JSON.parse(line) as Load)));
  }
}

if (import.meta.main) await serve();

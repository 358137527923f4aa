import fc from "fast-check";
import { Random } from "../faults/random.ts";
import { type Cast, gather, type Role, ROLES } from "./actors.ts";
import { type Operation, readDocument } from "./document.ts";
import { judge } from "./judge.ts";
import { type FuzzRequest, requests } from "./requests.ts";

/** What is fuzzed, how long, and from which seed. */
export interface FuzzOptions {
  readonly gateway: string;
  readonly operator: { readonly email: string; readonly password: string };
  readonly seed: number;
  readonly milliseconds: number;
  /** At most so many rounds; each tries every operation × role once. */
  readonly rounds?: number;
  /** Hears every few seconds how far it is. */
  readonly progress?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** What was tried, and what was wrong. */
export interface FuzzResult {
  readonly sent: number;
  readonly operations: number;
  /** How many operations × roles were tried at least once, of how many. */
  readonly tried: readonly [done: number, of: number];
  readonly statuses: Readonly<Record<string, number>>;
  readonly faults: readonly string[];
}

/** Who mostly hears 401. */
const EARLY: readonly Role[] = ["anonymous", "guest"];
const HUNG_MS = 10_000;
const AT_ONCE = 6;
const MAX_FAULTS = 50;
const TELL_MS = 10_000;

/** What would only lock out everybody else who fuzzes: the rules for all staff. */
const SKIPPED = /^PUT \/settings$/;

/** Sends requests of every operation as every role, round after round, until the time is up. The same seed sends the same. */
export async function fuzz(
  { gateway, operator, seed, milliseconds, rounds = Infinity, progress, signal }: FuzzOptions,
): Promise<FuzzResult> {
  const { operations, resolve } = await readDocument(gateway);
  const cast = await gather(gateway, operator);
  const end = Date.now() + milliseconds;
  const statuses: Record<string, number> = {};
  const faults: string[] = [];
  const tried = new Set<string>();
  const cases = operations.flatMap((operation) =>
    ROLES.map((role) => ({ operation, role })).filter(({ role }) =>
      role !== "admin" || !SKIPPED.test(`${operation.method} ${operation.path}`)
    )
  );
  let [sent, told] = [0, Date.now()];
  const going = () => Date.now() < end && faults.length < MAX_FAULTS && !signal?.aborted;

  for (let round = 0; round < rounds && going(); round++) {
    const random = new Random(seed).fork(round);
    // Strangers are refused early: every third round is enough for them.
    const wanted = round % 3 === 0 ? cases : cases.filter(({ role }) => !EARLY.includes(role));
    const line = shuffled(wanted, random).map((one) => ({ ...one, seed: Math.trunc(random.next() * 2 ** 31) }));
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      for (let next = line.pop(); next && going(); next = line.pop()) {
        await tryOne(next.operation, next.role, next.seed, round);
      }
    }));
  }
  return { sent, operations: operations.length, tried: [tried.size, cases.length], statuses, faults };

  async function tryOne(operation: Operation, role: Role, seed: number, round: number): Promise<void> {
    const [request] = fc.sample(requests(operation, resolve, cast.ids(operation.path)), { seed, numRuns: 1 });
    if (!request) return;
    const { status, fault } = await send(gateway, operation, role, cast, request);
    sent++;
    tried.add(`${role} ${operation.method} ${operation.path}`);
    statuses[status] = (statuses[status] ?? 0) + 1;
    if (fault) {
      const body = request.body === undefined ? "" : ` ${String(request.body).slice(0, 300)}`;
      faults.push(`${role} ${operation.method} ${request.path.slice(0, 300)}${body}: ${fault} (round ${round})`);
    }
    if (status === 401 && !("Authorization" in request.headers)) await cast.renew(role);
    else if (role === "admin" && sent % 50 === 0) await cast.renew(role);
    if (progress && Date.now() - told > TELL_MS) {
      told = Date.now();
      progress(`${sent} requests, ${tried.size} of ${cases.length} operations × roles, ${faults.length} faults`);
    }
  }
}

async function send(
  gateway: string,
  { method }: Operation,
  role: Role,
  cast: Cast,
  { path, headers, body }: FuzzRequest,
) {
  try {
    const response = await fetch(new URL(path, gateway), {
      method,
      headers: { ...cast.headers(role), ...headers },
      signal: AbortSignal.timeout(HUNG_MS),
      redirect: "manual",
      ...(body === undefined || method === "GET" ? {} : { body }),
    });
    const text = await response.text();
    const type = response.headers.get("content-type") ?? "";
    return { status: response.status, fault: judge({ status: response.status, type, text }) };
  } catch (error) {
    const hung = error instanceof DOMException && error.name === "TimeoutError";
    return { status: 0, fault: hung ? "no answer in 10 s" : `the connection broke: ${error}` };
  }
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const copy = [...list];
  for (let at = copy.length - 1; at > 0; at--) {
    const other = random.between(0, at);
    [copy[at], copy[other]] = [copy[other] as T, copy[at] as T];
  }
  return copy;
}

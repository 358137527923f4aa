import { type Answer, type Said, SILENCE, type Who } from "../client.ts";
import type { Trial } from "../trial.ts";

/** A request as no client of ours would send it. */
export interface Rough {
  who?: Who | undefined;
  headers?: Record<string, string>;
  /** As it is: text, bytes, a stream. */
  body?: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;
  /** The slug of the store, if not the trial's. */
  store?: string;
}

/** An answer with all that it shows. */
export interface RoughAnswer extends Answer {
  headers: Headers;
  text: string;
}

const PATIENCE = 15_000;

/** What no answer may show: SQL, a stack, a file, a host of ours. */
const LEAK =
  /\b(select|insert into|update \w+ set|delete from)\b .*\b(from|values|where)\b|\n\s+at |\.ts:\d|node_modules|ECONNREFUSED|syntax error at or near|_jobs\b/i;

/** Sends it once, counts it, and looks at what every answer must be: no 5xx, no silence, nothing of our insides. */
export async function sendRough(trial: Trial, method: string, path: string, rough: Rough = {}): Promise<RoughAnswer> {
  const { who = {}, headers = {}, body, store = trial.client.store } = rough;
  const began = performance.now();
  let answer: Omit<RoughAnswer, "milliseconds">;
  try {
    const response = await fetch(trial.world.gateway + path, {
      method,
      headers: {
        "x-store": store,
        ...(who.bearer ? { authorization: `Bearer ${who.bearer}` } : {}),
        ...(who.cartToken ? { "x-cart-token": who.cartToken } : {}),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE),
    });
    const text = await response.text();
    answer = { status: response.status, text, headers: response.headers, body: parsed(text), replayed: false };
  } catch (error) {
    answer = {
      status: 0,
      text: "",
      headers: new Headers(),
      body: { ...SILENCE, code: String(error) },
      replayed: false,
    };
  }
  const counted = { ...answer, milliseconds: performance.now() - began };
  const request = `${method} ${path.slice(0, 80)}`;
  trial.tally.count(counted, request);
  // A problem names the path that was asked for.
  const said = counted.body !== SILENCE ? JSON.stringify({ ...counted.body, instance: "" }) : counted.text;
  if (counted.status >= 400 && LEAK.test(said)) {
    trial.violation(`${request} shows ${counted.text.slice(0, 200)}`);
  }
  return counted;
}

/** Sends JSON, under a key of its own. */
export function sendJson(
  trial: Trial,
  method: string,
  path: string,
  body: unknown,
  { headers = {}, ...rough }: Omit<Rough, "body"> = {},
): Promise<RoughAnswer> {
  return sendRough(trial, method, path, {
    ...rough,
    headers: { "idempotency-key": crypto.randomUUID(), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** Says that a request must be answered by one of these statuses, and by that code if it is given. */
export function expectAnswer(
  trial: Trial,
  what: string,
  { status, body }: Answer,
  statuses: readonly number[],
  code?: string,
): void {
  const fits = statuses.includes(status) && (code === undefined || body?.code === code);
  const wanted = `${statuses.join(" or ")}${code ? ` ${code}` : ""}`;
  trial.expect(fits, `${what} was answered ${status} ${body?.code ?? ""} instead of ${wanted}`);
}

/** Does all of these, so many at a time. */
export async function inTurns<T>(work: readonly T[], each: (item: T) => Promise<void>, width = 8): Promise<void> {
  const left = [...work];
  const next = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await each(item);
  };
  await Promise.all(Array.from({ length: width }, next));
}

function parsed(text: string): Said {
  try {
    return text ? JSON.parse(text) : SILENCE;
  } catch {
    return SILENCE;
  }
}

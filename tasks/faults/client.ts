import { delay } from "../shop/children.ts";

/** An amount of money. */
interface Amount {
  amount: number;
  currency: string;
}

/**
 * What the gateway says, as far as the trials look at it: all kinds of answers in one. What an answer lacks is
 * undefined, whatever this says, and is then found wrong by whoever looks for it.
 */
export interface Said {
  id: string;
  code: string;
  request_id: string;
  status: string;
  store_id: string;
  name: string;
  role: string;
  store_roles: { store_id: string; role: string }[];
  user: { id: string };
  token: string;
  access_token: string;
  refresh_token: string;
  items: { id: string; product_id: string; variant_id: string; quantity: number; unit_price: Amount }[];
  item_count: number;
  total: Amount;
  captured_amount: Amount;
  variants: { id: string; sku: string }[];
  changed: number;
  version: number;
  data: Said[];
}

/** What says nothing. */
export const SILENCE = {} as Said;

/** What came back, or did not: status 0 is no answer. */
export interface Answer {
  status: number;
  body: Said;
  replayed: boolean;
  milliseconds: number;
}

/** What all clients of a trial have seen together. */
export class Tally {
  operations = 0;
  /** Answers by which the client can go: neither 5xx nor silence. */
  acknowledged = 0;
  slowest = 0;
  readonly statuses = new Map<number, number>();
  /** Answers that no fault may bring: `status path code`. */
  readonly serverErrors: string[] = [];

  count({ status, body, milliseconds }: Answer, request: string): void {
    this.operations++;
    if (status > 0 && status < 500) this.acknowledged++;
    if (status >= 500) this.serverErrors.push(`${status} ${request} ${body?.code ?? ""} ${body?.request_id ?? ""}`);
    // A door that is shut was asked nothing; without an answer otherwise, who knows what was done.
    if (status === 0) this.serverErrors.push(`0 ${request} ${/refused/i.test(body?.code) ? "shut" : "unanswered"}`);
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    this.slowest = Math.max(this.slowest, milliseconds);
  }
}

/** In whose name a request is made: a user, a guest, or nobody. */
export interface Who {
  bearer?: string | undefined;
  cartToken?: string | undefined;
}

/** No request may take longer: the longest deadline is 10 s. */
const PATIENCE = 20_000;

/** A REST client of one store that counts what it is answered and never throws. Of several gateways it asks each in turn. */
export class Client {
  #turn = 0;

  constructor(public gateway: string | readonly string[], readonly store: string, readonly tally: Tally) {}

  /** Sends one request, once. */
  async send(who: Who, method: string, path: string, body?: unknown, key?: string): Promise<Answer> {
    const began = performance.now();
    const answer = await this.#fetch(who, method, path, body, key);
    const counted = { ...answer, milliseconds: performance.now() - began };
    this.tally.count(counted, `${method} ${path.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "…")}`);
    return counted;
  }

  /** Sends it until the answer is final, under the same key, as careful clients do; at most so long. */
  async insist(
    who: Who,
    method: string,
    path: string,
    body: unknown,
    key: string | undefined,
    milliseconds: number,
  ): Promise<Answer> {
    for (const end = Date.now() + milliseconds;;) {
      const answer = await this.send(who, method, path, body, key);
      if (isFinal(answer) || Date.now() > end) return answer;
      await delay(300);
    }
  }

  async #fetch(
    { bearer, cartToken }: Who,
    method: string,
    path: string,
    body?: unknown,
    key?: string,
  ): Promise<Omit<Answer, "milliseconds">> {
    try {
      const doors = [this.gateway].flat();
      const response = await fetch(`${doors[this.#turn++ % doors.length]}${path}`, {
        method,
        headers: {
          "x-store": this.store,
          ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
          ...(cartToken ? { "x-cart-token": cartToken } : {}),
          ...(key ? { "idempotency-key": key } : {}),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(PATIENCE),
      });
      const text = await response.text();
      const replayed = response.headers.get("idempotent-replayed") === "true";
      return { status: response.status, body: text ? JSON.parse(text) : SILENCE, replayed };
    } catch (error) {
      return { status: 0, body: { ...SILENCE, code: `${error} ${(error as Error).cause ?? ""}` }, replayed: false };
    }
  }
}

/** Whether a client is told how its request ended, for good. */
export function isFinal({ status, body }: Answer): boolean {
  if (status === 0 || status >= 500 || status === 429) return false;
  return !(status === 409 && ["request_in_progress", "payment_in_progress"].includes(body?.code));
}

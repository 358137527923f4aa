/** A small client of the shop's REST interface, for the seed. */

/** An answer that was not what it should be. */
export class RestError extends Error {
  constructor(readonly status: number, readonly code: string, request: string, detail: string) {
    super(`Cannot ${request} as the gateway answered ${status} ${code}: ${detail}`);
  }
}

/** Somebody who calls: a signed-in user by token, a guest by cart token, or a stranger. */
export interface Caller {
  readonly token?: string;
  readonly guest?: string;
  /** The store's slug; the default one if unset. */
  readonly store?: string;
}

/** A client of the shop's REST API. */
export interface Rest {
  /** Sends a request; gives the answer's body. Throws RestError unless it is 2xx. */
  call<T>(caller: Caller, method: string, path: string, body?: unknown, key?: string): Promise<T>;
  /** The same, but gives undefined where the answer is an error with one of these codes. */
  unless<T>(
    codes: readonly string[],
    caller: Caller,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<T | undefined>;
  close(): void;
}

/** Connects to a gateway. */
export function createRest(gatewayUrl: string): Rest {
  const client = ownAddress(gatewayUrl);

  async function call<T>(caller: Caller, method: string, path: string, body?: unknown, key?: string): Promise<T> {
    const response = await fetch(new URL(path, gatewayUrl), {
      method,
      headers: {
        ...(caller.token ? { authorization: `Bearer ${caller.token}` } : {}),
        ...(caller.guest ? { "x-cart-token": caller.guest } : {}),
        ...(caller.store ? { "x-store": caller.store } : {}),
        ...(key ? { "idempotency-key": key } : {}),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(client ? { client } : {}),
    });
    const text = await response.text();
    const answer = text ? JSON.parse(text) : undefined;
    if (!response.ok) {
      throw new RestError(
        response.status,
        answer?.code ?? "",
        `${method} ${path}`,
        JSON.stringify(answer?.errors ?? answer?.detail),
      );
    }
    return answer as T;
  }

  return {
    call,
    async unless(codes, caller, method, path, body) {
      try {
        return await call(caller, method, path, body);
      } catch (error) {
        if (error instanceof RestError && codes.includes(error.code)) return undefined;
        throw error;
      }
    },
    close: () => client?.close(),
  };
}

/** On Linux an address of its own, so that the seed's sign-ups do not count against the limits of whoever comes next. */
function ownAddress(gatewayUrl: string): Deno.HttpClient | undefined {
  const local = Deno.build.os === "linux" && ["127.0.0.1", "localhost"].includes(new URL(gatewayUrl).hostname);
  return local ? Deno.createHttpClient({ localAddress: "127.0.0.2" }) : undefined;
}

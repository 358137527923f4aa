/**
 * Which process may call which RPCs of which other: the one table, checked by the caller always, and by the callee
 * against the name in the caller's certificate where TLS_DIR is set. Who an RPC is done for is believed only of these.
 */
const PEERS: Readonly<Record<string, Readonly<Record<string, Calls>>>> = {
  gateway: {
    user: {},
    product: { not: ["reserveStock", "releaseStock", "commitStock", "returnStock", "getOffers"] },
    cart: { not: ["closeCart", "getCheckout", "erasePerson"] },
    order: { not: ["getHold", "recordPayment", "listOpenOrders", "erasePerson"] },
    payment: { not: ["authorize", "cancelPayments", "erasePerson"] },
    store: { not: ["publishEvent", "publishEvents", "erasePerson"] },
  },
  user: {
    store: { only: ["getStore", "publishEvent", "publishEvents", "erasePerson"] },
    cart: { only: ["erasePerson"] },
    order: { only: ["listOpenOrders", "erasePerson"] },
    payment: { only: ["erasePerson"] },
  },
  product: {
    store: { only: ["publishEvent", "publishEvents"] },
    deliver: { only: ["fetchImage"] },
    order: { only: ["getHold"] },
  },
  cart: { product: { only: ["getOffers", "getProduct"] }, store: { only: ["getStore"] } },
  order: {
    cart: { only: ["getCheckout", "closeCart"] },
    product: { only: ["getOffers", "reserveStock", "releaseStock", "commitStock", "returnStock"] },
    store: { only: ["getStore", "publishEvent", "publishEvents"] },
    payment: { only: ["authorize", "getPayment", "listMethods", "cancelPayments", "refundPayment"] },
  },
  payment: { order: { only: ["recordPayment"] }, store: { only: ["publishEvent", "publishEvents"] } },
  store: { deliver: { only: ["checkTarget", "send"] } },
};

/** RPCs by their names in code: these only, or all but those. */
interface Calls {
  readonly only?: readonly string[];
  readonly not?: readonly string[];
}

/** The process that serves an RPC, and the RPC's name in code, by its path `/nano.store.v1.DeliverService/FetchImage`. */
export function served(path: string): { callee: string; method: string } {
  const [, service = "", rpc = ""] = path.split("/");
  const callee = (service.split(".").at(-1) ?? "").replace(/Service$/, "").toLowerCase();
  return { callee, method: rpc.charAt(0).toLowerCase() + rpc.slice(1) };
}

/** Whether a process may call an RPC. */
export function mayCall(caller: string, path: string): boolean {
  const { callee, method } = served(path);
  const calls = Object.hasOwn(PEERS, caller) ? PEERS[caller]?.[callee] : undefined;
  if (!calls) return false;
  return calls.only ? calls.only.includes(method) : !calls.not?.includes(method);
}

/** The table, for tests. */
export function peers(): typeof PEERS {
  return PEERS;
}

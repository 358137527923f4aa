import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { fileURLToPath } from "node:url";
import { CartServiceService } from "../proto/gen/nano/cart/v1/cart.ts";
import { OrderServiceService } from "../proto/gen/nano/order/v1/order.ts";
import { PaymentServiceService } from "../proto/gen/nano/payment/v1/payment.ts";
import { ProductServiceService } from "../proto/gen/nano/product/v1/product.ts";
import { DeliverServiceService } from "../proto/gen/nano/store/v1/delivery.ts";
import { StoreServiceService } from "../proto/gen/nano/store/v1/store.ts";
import { UserServiceService } from "../proto/gen/nano/user/v1/user.ts";
import { mayCall, peers } from "../services/shared/peers.ts";
import { PROCESSES } from "./processes.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const definitions: Record<string, Record<string, { path: string }>> = {
  cart: CartServiceService,
  order: OrderServiceService,
  payment: PaymentServiceService,
  product: ProductServiceService,
  deliver: DeliverServiceService,
  store: StoreServiceService,
  user: UserServiceService,
};

/** The sources of a process, without its tests. */
function* sources(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* sources(`${folder}/${name}`);
    else if (/\.ts$/.test(name) && !/_test\.ts$|testing\.ts$/.test(name)) {
      yield Deno.readTextFileSync(`${folder}/${name}`);
    }
  }
}

describe("the table of peers", () => {
  it("has exactly the edges of the table of processes", () => {
    const edges = Object.fromEntries(PROCESSES.map(({ name, neighbours }) => [name, [...neighbours].sort()]));
    for (const [name, expected] of Object.entries(edges)) {
      expect([name, Object.keys(peers()[name] ?? {}).sort()]).toEqual([name, expected]);
    }
    expect(Object.keys(peers()).filter((name) => !edges[name])).toEqual([]);
  });

  it("names only RPCs that there are", () => {
    for (const callees of Object.values(peers())) {
      for (const [callee, { only = [], not = [] }] of Object.entries(callees)) {
        expect([callee, [...only, ...not].filter((name) => !definitions[callee]?.[name])]).toEqual([callee, []]);
      }
    }
  });

  for (const [caller, callees] of Object.entries(peers())) {
    it(`lets ${caller} call what its code calls`, () => {
      const code = [...sources(`${ROOT}services/${caller}`)].join("\n");
      for (const callee of Object.keys(callees)) {
        const called = [...code.matchAll(new RegExp(`\\b${callee}\\s*\\.(\\w+)\\(`, "g"))].map(([, name = ""]) => name);
        const refused = called.filter((name) => {
          const path = definitions[callee]?.[name]?.path;
          return path && !mayCall(caller, path);
        });
        expect([callee, refused]).toEqual([callee, []]);
      }
    });
  }

  it("lets nobody else call anything, and the sender of webhooks call nobody", () => {
    for (const definition of Object.values(definitions)) {
      for (const { path } of Object.values(definition)) {
        for (const stranger of ["", "deliver", "admin", "constructor", "__proto__"]) {
          expect([path, stranger, mayCall(stranger, path)]).toEqual([path, stranger, false]);
        }
      }
    }
  });
});

/** For tests only: the product service over a socket, on a database of its own. */
import {
  type ProductInput,
  type ProductServiceServer,
  ProductServiceService,
  type VariantInput,
} from "../../proto/gen/nano/product/v1/product.ts";
import type { Actor } from "../shared/auth.ts";
import { ANONYMOUS, SYSTEM } from "../shared/context.ts";
import { connect, createServer, listen, stopServer } from "../shared/grpc.ts";
import { newId } from "../shared/ids.ts";
import { createLog } from "../shared/log.ts";
import { as, testDatabase } from "../shared/testing.ts";
import { createHandlers } from "./handlers.ts";
import { createRepository } from "./repository.ts";

export { as };

/** Starts the service's RPCs, without jobs, so that a test can look at the jobs that are waiting. */
export async function startProductService() {
  const database = await testDatabase("product");
  const handlers = createHandlers({ pool: database.pool, repository: createRepository(database.pool) });
  const server = createServer<ProductServiceServer>(
    ProductServiceService,
    handlers,
    createLog("product", { LOG_LEVEL: "ERROR" }),
  );
  const port = await listen(server, "127.0.0.1:0");
  const rpc = connect<ProductServiceServer>(ProductServiceService, `127.0.0.1:${port}`);
  return {
    ...database,
    rpc,
    stop: async () => {
      rpc.close();
      await stopServer(server, 1_000);
      await database.drop();
    },
  };
}

export const stranger = ANONYMOUS;
export const system = SYSTEM;
export const admin: Actor = { kind: "user", user_id: newId(), role: "admin", store_roles: [] };
export const customer: Actor = { kind: "user", user_id: newId(), role: "customer", store_roles: [] };

/** Staff of a store. */
export function staff(store_id: string, role: "manager" | "support" = "manager"): Actor {
  return { kind: "user", user_id: newId(), role: "customer", store_roles: [{ store_id, role }] };
}

/** A variant as a message. */
export function variant(sku: string, amount: number, stock?: number, more: Partial<VariantInput> = {}): VariantInput {
  return {
    sku,
    price: { amount, currency: "USD" },
    options: {},
    has_options: false,
    ...(stock === undefined ? {} : { stock }),
    ...more,
  };
}

/** A product as a message. */
export function product(
  name: string | undefined,
  variants: VariantInput[],
  more: Partial<ProductInput> = {},
): ProductInput {
  return {
    ...(name === undefined ? {} : { name }),
    attributes: undefined,
    images: [],
    has_images: false,
    variants,
    has_variants: variants.length > 0,
    ...more,
  };
}

/** The code of the error that a call ends with. */
export async function refusal(call: Promise<unknown>): Promise<{ code: string; members?: Record<string, unknown> }> {
  try {
    await call;
  } catch (error) {
    const { code, extras } = error as { code: string; extras?: { members?: Record<string, unknown> } };
    return { code, ...(extras?.members ? { members: extras.members } : {}) };
  }
  throw new Error("It was not refused.");
}

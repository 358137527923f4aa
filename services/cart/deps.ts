import type { Pool } from "../shared/postgres.ts";
import { type Memory, remember } from "../shared/remember.ts";
import type { CartCache } from "./cache.ts";
import type { Neighbours } from "./clients.ts";
import type { CartOwner, Repository } from "./repository.ts";

/** What the use cases work with. */
export interface Deps {
  pool: Pool;
  repository: Repository;
  cache: CartCache;
  /** Where the carts belong that this process gave to orders lately: that never changes, and they are closed soon. */
  owners: Memory<CartOwner>;
  neighbours: Neighbours;
}

/** A memory for `owners`. */
export function rememberOwners(): Memory<CartOwner> {
  return remember(60_000, 10_000);
}

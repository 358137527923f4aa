import type { Pool } from "../shared/postgres.ts";
import type { CartCache } from "./cache.ts";
import type { Neighbours } from "./clients.ts";
import type { Repository } from "./repository.ts";

/** What the use cases work with. */
export interface Deps {
  pool: Pool;
  repository: Repository;
  cache: CartCache;
  neighbours: Neighbours;
}

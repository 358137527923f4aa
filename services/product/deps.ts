import type { Log } from "../shared/log.ts";
import type { Pool } from "../shared/postgres.ts";
import type { Neighbours } from "./clients.ts";
import type { Repository } from "./repository.ts";

/** What the use cases work with; only jobs speak to the neighbours. */
export interface Deps {
  pool: Pool;
  repository: Repository;
  neighbours: Neighbours;
  log: Log;
}

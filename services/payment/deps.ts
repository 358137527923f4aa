import type { Log } from "../shared/log.ts";
import type { Sql } from "../shared/postgres.ts";
import type { Neighbours } from "./clients.ts";
import type { Providers } from "./providers/provider.ts";
import type { Repository } from "./repository.ts";

/** What the use cases work with; only jobs speak to the neighbours. */
export interface Deps {
  pool: Sql;
  repository: Repository;
  providers: Providers;
  neighbours: Neighbours;
  log: Log;
}

import type { Log } from "../shared/log.ts";
import type { Neighbours } from "./clients.ts";
import type { Repository } from "./repository.ts";

/** What every use case works with. */
export interface Deps {
  orders: Repository;
  neighbours: Neighbours;
  log: Log;
}

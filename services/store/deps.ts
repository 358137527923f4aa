import type { Log } from "../shared/log.ts";
import type { Pool } from "../shared/postgres.ts";
import type { Vault } from "../shared/vault.ts";
import type { Neighbours } from "./clients.ts";
import type { Repository } from "./repository.ts";
import type { WebhookRepository } from "./webhook_repository.ts";

/** What the use cases work with. */
export interface Deps {
  pool: Pool;
  repository: Repository;
  webhooks: WebhookRepository;
  /** Seals the webhooks' secrets. */
  vault: Vault;
  neighbours: Neighbours;
  log: Log;
}

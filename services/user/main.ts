import { type UserServiceServer, UserServiceService } from "../../proto/gen/nano/user/v1/user.ts";
import { readConfig } from "../shared/config.ts";
import { createLog } from "../shared/log.ts";
import { createPool } from "../shared/postgres.ts";
import { serve } from "../shared/service.ts";
import { createClients } from "./clients.ts";
import { settings } from "./config.ts";
import { ensureAdmin } from "./ensure_admin.ts";
import { createHandlers } from "./handlers.ts";
import { createJobs, crontab } from "./jobs.ts";
import { createPasswords } from "./passwords.ts";
import { createRepository } from "./repository.ts";
import { createSigner } from "./tokens.ts";

const config = readConfig(settings);
const log = createLog("user", config);
const pool = createPool(config, log);
const clients = createClients(config);
const repository = createRepository(pool);
const passwords = createPasswords();

await ensureAdmin({ config, repository, passwords, log });
await serve<UserServiceServer>("user", config, log, {
  pool,
  definition: UserServiceService,
  handlers: createHandlers({ repository, passwords, signer: createSigner(config) }),
  jobs: createJobs({ repository, clients }),
  crontab,
  close: [clients.close],
});

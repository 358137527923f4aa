import { type UserServiceServer, UserServiceService } from "../../proto/gen/nano/user/v1/user.ts";
import { readConfig } from "../shared/config.ts";
import { actAs } from "../shared/identity.ts";
import { createLog } from "../shared/log.ts";
import { createPool } from "../shared/postgres.ts";
import { serve } from "../shared/service.ts";
import { createVault } from "../shared/vault.ts";
import { createClients } from "./clients.ts";
import { settings } from "./config.ts";
import { ensureAdmin } from "./ensure_admin.ts";
import { createHandlers } from "./handlers.ts";
import { createJobs, crontab } from "./jobs.ts";
import { createMailer } from "./mail.ts";
import { createPasswords } from "./passwords.ts";
import { createRepository } from "./repository.ts";
import { createSecondFactor } from "./second_factor.ts";
import { createSigner } from "./tokens.ts";

const config = readConfig(settings);
const log = createLog("user", config);
await actAs("user", config, log);
const pool = createPool(config, log);
const { neighbours, close } = createClients(config);
const repository = createRepository(pool);
const deps = {
  config,
  repository,
  passwords: createPasswords(),
  signer: createSigner(config),
  secondFactor: createSecondFactor({ repository, vault: await createVault(config, "second factors") }),
  mailer: await createMailer(config, log),
  neighbours,
};

await serve<UserServiceServer>("user", config, log, {
  pool,
  prepare: () => ensureAdmin({ ...deps, log }),
  definition: UserServiceService,
  handlers: createHandlers(deps),
  jobs: createJobs(deps),
  crontab,
  audited: true,
  close: [close, () => deps.mailer?.close()],
});

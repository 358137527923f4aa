import { newId } from "../shared/ids.ts";
import type { Log } from "../shared/log.ts";
import type { Deps } from "./deps.ts";
import { checkPassword, normaliseEmail, normalisePassword } from "./user.ts";

/** Who the first operator is. */
export interface FirstAdmin {
  ENVIRONMENT: "development" | "production";
  ADMIN_EMAIL?: string | undefined;
  ADMIN_PASSWORD?: string | undefined;
}

/** Makes the first operator of ADMIN_EMAIL and ADMIN_PASSWORD, once; later starts leave the account as it is. */
export async function ensureAdmin(
  { config, repository, passwords, log }: Pick<Deps, "repository" | "passwords"> & { config: FirstAdmin; log: Log },
): Promise<void> {
  const { ADMIN_EMAIL, ADMIN_PASSWORD } = config;
  if (!ADMIN_EMAIL || !ADMIN_PASSWORD) {
    if (await repository.hasAdmin()) return;
    if (config.ENVIRONMENT === "production") {
      throw new Error("Cannot start for the first time as ADMIN_EMAIL and ADMIN_PASSWORD must be set.");
    }
    return log.warn("there is no admin: set ADMIN_EMAIL and ADMIN_PASSWORD and start again");
  }
  const email = normaliseEmail(ADMIN_EMAIL);
  if (await repository.findCredentials(email)) return;
  const password = normalisePassword(ADMIN_PASSWORD);
  if (config.ENVIRONMENT === "production") refuseWeak(password, email);
  const made = await repository.insertAdmin({
    id: newId(),
    email,
    name: null,
    password_hash: await passwords.hash(password),
  });
  if (made) log.info("the first admin was made");
}

function refuseWeak(password: string, email: string): void {
  try {
    checkPassword(password, email);
  } catch (error) {
    throw new Error(`Cannot start as ADMIN_PASSWORD is weak: ${(error as Error).message}`);
  }
}

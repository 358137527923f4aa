import type { Neighbours } from "./clients.ts";
import type { Mailer } from "./mail.ts";
import type { Passwords } from "./passwords.ts";
import type { Repository } from "./repository.ts";
import type { SecondFactor } from "./second_factor.ts";
import type { Signer } from "./tokens.ts";

/** What the use cases work with. */
export interface Deps {
  /** Where links in mails lead. */
  config: { ADMIN_URL?: string | undefined; STOREFRONT_URL?: string | undefined };
  repository: Repository;
  passwords: Passwords;
  signer: Signer;
  secondFactor: SecondFactor;
  /** What mail goes out by; undefined where the shop sends none. */
  mailer: Mailer | undefined;
  neighbours: Neighbours;
}

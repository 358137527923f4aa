import { Refusal } from "./refusal.ts";
import { runningShop } from "./run_file.ts";
import { developmentSecrets } from "./secrets.ts";
import { environmentWithFile, readSettings, type Settings } from "./settings.ts";

/** The owner's login to the shop's database: that of DATABASE_URL, else of the embedded server of a running shop. */
export function ownerLogin(): { settings: Settings; ownerUrl: string; roleSecret: string } {
  const settings = readSettings(environmentWithFile(), ["DATABASE_URL", "DATABASE_ROLE_SECRET"]);
  const ownerUrl = settings.DATABASE_DIRECT_URL ?? settings.DATABASE_URL ?? runningShop(settings.DATA_DIR).database;
  if (!ownerUrl) throw new Refusal("Cannot reach the shop's database as the shop is still starting.");
  if (settings.DATABASE_ROLE_SECRET) return { settings, ownerUrl, roleSecret: settings.DATABASE_ROLE_SECRET };
  Deno.mkdirSync(settings.DATA_DIR, { recursive: true });
  return { settings, ownerUrl, roleSecret: developmentSecrets(settings.DATA_DIR).DATABASE_ROLE_SECRET };
}

/** `deno task backup [-- <folder>]`: backs up the shop's database, and with an embedded one its secrets. */
import { dump } from "./backup/server.ts";
import { backUpEmbedded } from "./backup/embedded.ts";
import { orRefuse } from "./shop/refusal.ts";
import { environmentWithFile, readSettings } from "./shop/settings.ts";
import { readArguments } from "./shop/usage.ts";

await orRefuse(async () => {
  const { names: [named] } = readArguments(1);
  const settings = readSettings(environmentWithFile(), ["DATABASE_URL"]);
  const stamp = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const folder = named ?? `${settings.DATA_DIR}-backup-${stamp}`;
  const url = settings.DATABASE_DIRECT_URL ?? settings.DATABASE_URL;
  console.log("backing up");
  await (url ? dump(url, folder) : backUpEmbedded(settings.DATA_DIR, folder));
  const keep = url ? " Keep DATABASE_ROLE_SECRET with it." : "";
  console.log(`backed up to ${folder}.${keep} Restore it by: deno task restore -- ${folder}`);
});

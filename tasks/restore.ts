/** `deno task restore -- <folder>`: brings back what `deno task backup` wrote, into an empty database or data directory. */
import { restoreEmbedded } from "./backup/embedded.ts";
import { openBackup } from "./backup/folder.ts";
import { restoreDump } from "./backup/server.ts";
import { ownerLogin } from "./shop/owner.ts";
import { orRefuse, Refusal } from "./shop/refusal.ts";
import { environmentWithFile, readSettings } from "./shop/settings.ts";
import { readArguments } from "./shop/usage.ts";

await orRefuse(async () => {
  const { names: [folder] } = readArguments(1);
  if (!folder) throw new Refusal("Say what to restore: deno task restore -- <the folder of a backup>");
  const manifest = await openBackup(folder);
  const settings = readSettings(environmentWithFile(), []);
  const url = settings.DATABASE_DIRECT_URL ?? settings.DATABASE_URL;
  if (manifest.kind === "embedded" && url) {
    throw new Refusal("Cannot restore the files of an embedded server into that of DATABASE_URL: unset it.");
  }
  console.log(`restoring the backup of ${manifest.time}`);
  if (manifest.kind === "embedded") await restoreEmbedded(settings.DATA_DIR, folder);
  else {
    if (!url) throw new Refusal("Cannot restore a server's dump as DATABASE_URL must name an empty database for it.");
    const { ownerUrl, roleSecret } = ownerLogin();
    await restoreDump(ownerUrl, roleSecret, folder, manifest, console.log);
  }
  console.log("restored; start the shop by: deno task start");
});

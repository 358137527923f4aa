/** Backup and restore of the shop's own server: a copy of the stopped data directory, and the secrets that go with it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { must } from "../deploy/programs.ts";
import { serverUser } from "../shop/postgres_binaries.ts";
import { dataFolder } from "../shop/postgres_data.ts";
import { Refusal } from "../shop/refusal.ts";
import { RunFile } from "../shop/run_file.ts";
import { newFolder, seal } from "./folder.ts";

/** Copies a stopped shop's data into a new folder. */
export async function backUpEmbedded(dataDir: string, folder: string): Promise<void> {
  const data = join(dataDir, "postgres");
  if (!existsSync(data)) throw new Refusal(`Cannot back up ${dataDir} as there is no shop's data in it.`);
  await stopped(dataDir, "back up", async () => {
    const real = Deno.realPathSync(data);
    if (existsSync(join(real, "postmaster.pid"))) {
      throw new Refusal("Cannot back up as PostgreSQL was not shut down: start the shop once more, and stop it.");
    }
    newFolder(folder);
    await must("tar", ["-cf", join(folder, "postgres.tar"), "-C", real, "."]);
    // Whoever copies the folder elsewhere copies this with it.
    Deno.chmodSync(join(folder, "postgres.tar"), 0o600);
    Deno.copyFileSync(join(dataDir, "secrets.json"), join(folder, "secrets.json"));
    const postgres = Number(Deno.readTextFileSync(join(real, "PG_VERSION")));
    await seal(folder, { kind: "embedded", postgres, database: "nano" });
  });
}

/** Lays a backup's data into a data directory that has none. */
export async function restoreEmbedded(dataDir: string, folder: string): Promise<void> {
  Deno.mkdirSync(dataDir, { recursive: true });
  await stopped(dataDir, "restore", async () => {
    if (existsSync(join(dataDir, "postgres"))) {
      throw new Refusal(`Cannot restore into ${dataDir} as there is a shop's data in it: move it away first.`);
    }
    const user = await serverUser();
    const data = await dataFolder(dataDir, user);
    await must("tar", ["-xpf", join(folder, "postgres.tar"), "-C", data]);
    if (user) await must("chown", ["-R", `${user.uid}:${user.gid}`, data]);
    Deno.copyFileSync(join(folder, "secrets.json"), join(dataDir, "secrets.json"));
    Deno.chmodSync(join(dataDir, "secrets.json"), 0o600);
  });
}

/** Does something while no shop can start on the data directory; a sentence where one runs. */
async function stopped(dataDir: string, what: string, work: () => Promise<void>): Promise<void> {
  let held: RunFile;
  try {
    held = new RunFile(dataDir);
  } catch {
    throw new Refusal(`Cannot ${what} as the shop on ${dataDir} is running: stop it by \`deno task stop\` first.`);
  }
  try {
    await work();
  } finally {
    held.close();
  }
}

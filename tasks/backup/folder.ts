import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { Refusal } from "../shop/refusal.ts";

const manifestSchema = z.object({
  /** `embedded`: the files of the shop's own server; `dump`: what pg_dump wrote of a server by DATABASE_URL. */
  kind: z.enum(["embedded", "dump"]),
  time: z.string(),
  /** The server's major version. */
  postgres: z.number().int(),
  /** The database's name, for which its roles are named. */
  database: z.string(),
  /** By name of each file: what it must be. */
  sha256: z.record(z.string(), z.string()),
});

/** What a backup is: `manifest.json` in its folder. */
export type BackupManifest = z.infer<typeof manifestSchema>;

/** Makes the folder of a backup, which must not be there yet; readable for its owner only. */
export function newFolder(folder: string): void {
  try {
    Deno.mkdirSync(folder, { recursive: false, mode: 0o700 });
  } catch (error) {
    const reason = error instanceof Deno.errors.AlreadyExists ? "it is there already" : String(error);
    throw new Refusal(`Cannot make the backup in ${folder}: ${reason}.`);
  }
}

/** Writes the manifest last: a backup without it is none. */
export async function seal(folder: string, facts: Omit<BackupManifest, "sha256" | "time">): Promise<void> {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  const sums = await Promise.all(names.map(async (name) => [name, await sha256(join(folder, name))] as const));
  const manifest: BackupManifest = { ...facts, time: new Date().toISOString(), sha256: Object.fromEntries(sums) };
  Deno.writeTextFileSync(join(folder, "manifest.json"), JSON.stringify(manifest, null, 2) + "\n", { mode: 0o600 });
}

/** Reads a backup's manifest and compares every file with it; a sentence where something is missing or changed. */
export async function openBackup(folder: string): Promise<BackupManifest> {
  const manifest = readManifest(folder);
  for (const [name, expected] of Object.entries(manifest.sha256)) {
    const found = await sha256(join(folder, name)).catch(() => undefined);
    if (found !== expected) {
      throw new Refusal(`Cannot restore ${folder} as ${name} is ${found ? "not what was backed up" : "missing"}.`);
    }
  }
  return manifest;
}

function readManifest(folder: string): BackupManifest {
  try {
    return manifestSchema.parse(JSON.parse(Deno.readTextFileSync(join(folder, "manifest.json"))));
  } catch {
    throw new Refusal(`Cannot restore ${folder} as it is no whole backup: it has no manifest.json that can be read.`);
  }
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  const file = await Deno.open(path);
  for await (const bytes of file.readable) hash.update(bytes);
  return hash.digest("hex");
}

import { fileURLToPath } from "node:url";
import { SCRIPTS } from "./build_id.ts";

export interface Bundle {
  /** The URL path of the script that starts islands; empty when there is nothing to start. */
  readonly client: string;
  /** The URL path of each island's script, in their order. */
  readonly islands: string[];
  /** All scripts, by URL path. */
  readonly files: Map<string, Uint8Array<ArrayBuffer>>;
}

/**
 * Bundles the islands, and what starts them, for the browser. Code that several share goes into scripts of its own.
 * Deno.bundle resolves by the deno.json of the current folder: run it in the project.
 */
export async function bundle(islands: readonly string[], buildId: string, development: boolean): Promise<Bundle> {
  const files: Bundle["files"] = new Map();
  if (islands.length === 0 && !development) return { client: "", islands: [], files };
  if (!Deno.bundle) {
    throw new Error('Cannot bundle islands as Deno.bundle is off: deno.json needs "unstable": ["bundle"]');
  }
  const client = fileURLToPath(new URL(development ? "client_dev.ts" : "client.ts", import.meta.url));
  const result = await Deno.bundle({
    entrypoints: [client, ...islands],
    outputDir: "/",
    platform: "browser",
    codeSplitting: true,
    minify: !development,
    write: false,
  });
  if (!result.success) throw new Error(`Cannot bundle islands: ${result.errors.map(({ text }) => text).join("; ")}`);
  const outputs = result.outputFiles ?? [];
  const urlOf = (path: string) => `${SCRIPTS}${buildId}${path}`;
  for (const { path, contents } of outputs) if (contents) files.set(urlOf(path), contents);
  // A script's path ends like that of its entry point, less the folders that all entry points share.
  const scriptOf = (entry: string) => {
    const script = outputs.find(({ path }) => entry.replace(/\.[jt]sx?$/, ".js").endsWith(path));
    if (!script) throw new Error(`Cannot find the script of ${entry}`);
    return urlOf(script.path);
  };
  return { client: scriptOf(client), islands: islands.map(scriptOf), files };
}

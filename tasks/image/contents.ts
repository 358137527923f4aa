/** What an image holds: the files and npm packages that its entry reaches, and what its process may read. */
import { join, relative } from "node:path";
import { PROCESSES, type ProcessName, SERVICES } from "../processes.ts";

/** The images of a release: one for each process, and the one that migrates. */
export const IMAGES = [...PROCESSES.map(({ name }) => name), "migrate"] as const;

/** Every image: one per process, and the migration. */
export type ImageName = ProcessName | "migrate";

/** What an image is made of, by paths below the project. */
export interface Contents {
  /** Source files. */
  readonly files: string[];
  /** Folders that are read at run time. */
  readonly folders: string[];
  /** Folders of `node_modules/.deno`, and the names under which code finds them. */
  readonly packages: { readonly folder: string; readonly name: string; readonly direct: boolean }[];
}

/** A part of what `deno info --json` tells. */
interface Graph {
  readonly modules: { readonly specifier: string; readonly npmPackage?: string; readonly error?: string }[];
  readonly npmPackages: Record<string, { name: string; dependencies: string[]; localPath?: string }>;
}

/** The files that an image runs: its process, what starts it and what asks how it is. */
export function entriesOf(image: ImageName): string[] {
  const main = image === "migrate" ? "tasks/migrate.ts" : processOf(image).main;
  return [main, "tasks/image/launch.ts", "tasks/image/healthy.ts"];
}

/** Finds out what an image needs. The console must have been built. */
export async function contentsOf(image: ImageName, root: string): Promise<Contents> {
  const graphs = await Promise.all(entriesOf(image).map((entry) => graphOf(entry, root)));
  const files = graphs.flatMap(({ modules }) => modules)
    .filter(({ specifier }) => specifier.startsWith("file:"))
    .map(({ specifier }) => relative(root, decodeURIComponent(new URL(specifier).pathname)))
    .filter((path) => !path.startsWith("node_modules/"));
  return {
    files: [...new Set([...files, "tasks/image/launch.sh"])].sort(),
    folders: foldersOf(image),
    packages: packagesOf(graphs, root),
  };
}

function foldersOf(image: ImageName): string[] {
  if (image === "migrate") return SERVICES.map((name) => `db/migrations/${name}`);
  const { database, reads = [] } = processOf(image);
  return [...database ? [`db/migrations/${image}`] : [], ...reads.map((path) => path.replace(/^\.\//, ""))];
}

/** The packages that the graphs name, and theirs, as far as they are installed: others' platforms are not. */
function packagesOf(graphs: readonly Graph[], root: string): Contents["packages"] {
  const found = new Map<string, Contents["packages"][number]>();
  for (const { modules, npmPackages } of graphs) {
    const direct = new Set(modules.flatMap(({ npmPackage }) => npmPackage ?? []));
    const left = [...direct];
    const seen = new Set<string>();
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      const info = npmPackages[id];
      if (seen.has(id) || !info?.localPath || !exists(info.localPath)) continue;
      seen.add(id);
      left.push(...info.dependencies);
      const folder = relative(join(root, "node_modules", ".deno"), info.localPath).split("/node_modules/")[0] ?? "";
      found.set(id, { folder, name: info.name, direct: direct.has(id) || found.get(id)?.direct === true });
    }
  }
  return [...found.values()];
}

async function graphOf(entry: string, root: string): Promise<Graph> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", entry],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  if (!success) throw new Error(`Cannot read the modules of ${entry}: ${new TextDecoder().decode(stderr)}`);
  const graph: Graph = JSON.parse(new TextDecoder().decode(stdout));
  const missing = graph.modules.find(({ error }) => error);
  if (missing) throw new Error(`Cannot read ${missing.specifier} of ${entry}: ${missing.error}`);
  return graph;
}

function processOf(name: ProcessName) {
  const found = PROCESSES.find((process) => process.name === name);
  if (!found) throw new Error(`Cannot make image "${name}" as there are only: ${IMAGES.join(", ")}.`);
  return found;
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

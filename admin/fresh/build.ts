import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { type Bundle, bundle } from "./bundle.ts";
import { crawl, filesIn, type Sources } from "./crawl.ts";
import { islandsOf, type Snapshot, type StaticFile, toStaticFile, typeOf } from "./snapshot.ts";
import type { Mode } from "./types.ts";

/** Absolute paths. */
export type Folders = Readonly<Record<"root" | "out" | "static" | "islands" | "routes", string>>;

/** All that a build found and made, nothing of it imported yet. */
export interface Build {
  readonly id: string;
  readonly mode: Mode;
  readonly folders: Folders;
  readonly sources: Sources;
  readonly bundle: Bundle;
}

export async function makeBuild(folders: Folders, mode: Mode): Promise<Build> {
  const id = newBuildId();
  const sources = crawl(folders.routes, folders.islands);
  return { id, mode, folders, sources, bundle: await bundle(sources.islands, id, mode === "development") };
}

/** The id of what is deployed, where the environment names it; else a new one. */
function newBuildId(): string {
  const names = ["DENO_DEPLOYMENT_ID", "GITHUB_SHA", "CI_COMMIT_SHA"];
  const deployed = names.map((name) => Deno.env.get(name)).find(Boolean);
  return createHash("sha1").update(deployed ?? crypto.randomUUID()).digest("hex");
}

/** The files of static/ by URL path, hidden ones left out. */
export function staticFilesOf({ folders }: Build): [path: string, file: StaticFile][] {
  const files = filesIn(folders.static).map((file) => ({ file, path: `/${relative(folders.static, file)}` }));
  const shown = files.filter(({ path }) => !/\/\.(?!well-known\/)/.test(path));
  return shown.map(({ file, path }) => [path, toStaticFile(path, Deno.readFileSync(file), file)]);
}

/** Imports a build's modules, and keeps its scripts in memory. In development static/ is looked into at each request. */
export async function loadBuild(build: Build): Promise<Snapshot> {
  const { id, mode, folders, sources, bundle } = build;
  const load = async (file: string): Promise<object> => await import(pathToFileURL(file).href);
  const development = mode === "development";
  const scripts = [...bundle.files].map(([path, content]) => [path, toStaticFile(path, content, content)] as const);
  const files = new Map(development ? scripts : [...staticFilesOf(build), ...scripts]);
  const islands = sources.islands.map(async (file, i) => [await load(file), bundle.islands[i] ?? ""] as const);
  return {
    root: folders.root,
    buildId: id,
    development,
    client: bundle.client,
    islands: islandsOf(await Promise.all(islands)),
    routes: await Promise.all(sources.routes.map(async ({ path, file }) => [path, await load(file)] as const)),
    files: development ? { get: (path) => files.get(path) ?? findFile(folders.static, path) } : files,
  };
}

function findFile(folder: string, path: string): StaticFile | undefined {
  const file = join(folder, path);
  const isThere = file.startsWith(`${folder}/`) && statSync(file, { throwIfNoEntry: false })?.isFile();
  return isThere ? { source: file, type: typeOf(file) } : undefined;
}

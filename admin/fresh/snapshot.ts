import { createHash } from "node:crypto";
import { getMimeType } from "@hono/hono/utils/mime";

/** A component that lives on in the browser. */
export interface Island {
  /** The URL path of its script. */
  readonly script: string;
  readonly exportName: string;
}

/** A file to serve: its path on disk, or its content. */
export interface StaticFile {
  readonly source: string | Uint8Array<ArrayBuffer>;
  readonly type: string;
  /** Undefined where it may change while the app runs. */
  readonly hash?: string;
}

/** A module of routes/ with its path therein, without extension: "(console)/orders/[id]". */
export type RouteFile = readonly [path: string, module: object];

/** A build as the app uses it. */
export interface Snapshot {
  readonly root: string;
  readonly buildId: string;
  /** Then every page loads the client's script, and error pages show the error. */
  readonly development: boolean;
  /** The URL path of the script that starts islands. */
  readonly client: string;
  /** By their components. */
  readonly islands: ReadonlyMap<unknown, Island>;
  readonly routes: readonly RouteFile[];
  /** By URL path, decoded. */
  readonly files: { get(path: string): StaticFile | undefined };
}

/** The app without a build: no file routes, no islands, no files. */
export const NO_BUILD: Snapshot = {
  root: ".",
  buildId: "none",
  development: false,
  client: "",
  islands: new Map(),
  routes: [],
  files: new Map(),
};

/** The islands of modules, each given with the URL path of its script: every function that it exports. */
export function islandsOf(modules: readonly (readonly [module: object, script: string])[]): Map<unknown, Island> {
  const islands = modules.flatMap(([module, script]) =>
    Object.entries(module).map(([exportName, value]) => [value, { script, exportName }] as const)
  );
  return new Map(islands.filter(([value]) => typeof value === "function"));
}

/** Describes a file's content for serving. */
export function toStaticFile(path: string, content: Uint8Array<ArrayBuffer>, source: StaticFile["source"]): StaticFile {
  return { source, type: typeOf(path), hash: createHash("sha256").update(content).digest("hex") };
}

export function typeOf(path: string): string {
  return getMimeType(path) ?? "text/plain; charset=utf-8";
}

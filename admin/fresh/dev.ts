/** `fresh/dev`: what builds the app, and serves it while it is worked on. */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type App, type ListenOptions, setSnapshot } from "./app.ts";
import { type Folders, loadBuild, makeBuild } from "./build.ts";
import type { Mode } from "./types.ts";
import { writeBuild } from "./write_build.ts";

/** Folders are relative to `root`, which without one is the current folder. */
export interface BuildOptions {
  root?: string;
  /** The module that exports `app`: "main.ts". */
  serverEntry?: string;
  outDir?: string;
  staticDir?: string;
  islandDir?: string;
  routeDir?: string;
  /** The browsers to build for; here always those that Deno.bundle builds for. */
  target?: string | string[];
}

/** Builds an app from its folders: for production, or to be served while it is worked on. */
export class Builder {
  readonly #folders: Folders;
  readonly #entry: string;

  constructor(options: BuildOptions = {}) {
    const root = toPath(options.root ?? ".", Deno.cwd());
    this.#entry = toPath(options.serverEntry ?? "main.ts", root);
    this.#folders = {
      root,
      out: toPath(options.outDir ?? "_fresh", root),
      static: toPath(options.staticDir ?? "static", root),
      islands: toPath(options.islandDir ?? "islands", root),
      routes: toPath(options.routeDir ?? "routes", root),
    };
  }

  /** Serves the app with live reload (run with --watch) and error overlay, until `options.signal` aborts. */
  async listen<State>(
    importApp: () => Promise<{ app: App<State> } | App<State>>,
    options: ListenOptions = {},
  ): Promise<void> {
    const imported = await importApp();
    const app = "app" in imported ? imported.app : imported;
    setSnapshot(app, await loadBuild(await makeBuild(this.#folders, "development")), "development");
    const handle = app.handler();
    const revision = crypto.randomUUID();
    Deno.serve(options as Deno.ServeTcpOptions, (request, info) => {
      const isReload = new URL(request.url).pathname === `${app.config.basePath}/_frsh/alive`;
      return isReload ? tellRevision(request, revision) : handle(request, info);
    });
  }

  /** Builds for production: on disk, to be run by its server.js, or in memory, to be given to an app in tests. */
  async build(options: { mode?: Mode; snapshot?: "disk" | "memory" } = {}): Promise<<State>(app: App<State>) => void> {
    const build = await makeBuild(this.#folders, options.mode ?? "production");
    if (options.snapshot !== "memory") {
      writeBuild(build, this.#entry);
      return () => {
        throw new Error("Cannot use a build on disk but by its server.js: build in memory");
      };
    }
    const snapshot = await loadBuild(build);
    return (app) => setSnapshot(app, snapshot, app.config.mode);
  }
}

function toPath(given: string, root: string): string {
  return given.startsWith("file:") ? fileURLToPath(given) : resolve(root, given);
}

/** Lets a page know when it talks to a server that has started anew. */
function tellRevision(request: Request, revision: string): Response {
  if (request.headers.get("upgrade") !== "websocket") return new Response(null, { status: 501 });
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onopen = () => socket.send(revision);
  return response;
}

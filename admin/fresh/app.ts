import { STATUS_CODES } from "node:http";
import { setBuildId } from "./build_id.ts";
import { Context } from "./context.ts";
import { compose } from "./folder.ts";
import { addFiles } from "./fs_routes.ts";
import { HttpError } from "./http_error.ts";
import { Site } from "./site.ts";
import { NO_BUILD, type Snapshot } from "./snapshot.ts";
import type { FreshConfig, LayoutConfig, Method, Middleware, Mode, ResolvedFreshConfig, Route } from "./types.ts";
import { METHODS, type RouteComponent } from "./types.ts";

export type ListenOptions = Partial<Deno.ServeTcpOptions & Deno.TlsCertifiedKeyPem>;

const snapshots = new WeakMap<object, Snapshot>();

/** Gives an app its build. */
export function setSnapshot<State>(app: App<State>, snapshot: Snapshot, mode: Mode): void {
  snapshots.set(app, snapshot);
  setBuildId(snapshot.buildId);
  Object.assign(app.config, { root: snapshot.root, mode });
}

/** Middlewares, routes and pages. Order counts: each call concerns what comes after it. */
export class App<State> {
  readonly config: ResolvedFreshConfig;
  /** The calls made on this app, to be repeated on a site. */
  readonly #calls: ((site: Site<State>) => void)[] = [];

  constructor(config: FreshConfig = {}) {
    this.config = { root: ".", basePath: "", mode: "production", trustProxy: false, ...config };
  }

  /** Adds middlewares for everything, or for a path and what is below it. */
  use(...middleware: Middleware<State>[]): this;
  use(path: string, ...middleware: Middleware<State>[]): this;
  use(first: string | Middleware<State>, ...rest: Middleware<State>[]): this {
    const [path, middlewares] = typeof first === "string" ? [first, rest] : ["*", [first, ...rest]];
    return this.#call((site) => site.folder.at(path).middlewares.push(...middlewares));
  }

  get = this.#method("GET");
  post = this.#method("POST");
  patch = this.#method("PATCH");
  put = this.#method("PUT");
  delete = this.#method("DELETE");
  head = this.#method("HEAD");
  all = this.#method(...METHODS);

  /** Sets what answers each 404. */
  notFound(routeOrMiddleware: Route<State> | Middleware<State>): this {
    return this.#call((site) => site.folder.root.notFound = toRoute(routeOrMiddleware));
  }

  /** Sets what answers what is thrown below a path; `ctx.error` holds it. */
  onError(path: string, routeOrMiddleware: Route<State> | Middleware<State>): this {
    return this.#call((site) => site.folder.at(path).errorRoute = toRoute(routeOrMiddleware));
  }

  /** Sets the component that renders `<html>` around each page. */
  appWrapper(component: RouteComponent<State>): this {
    return this.#call((site) => site.folder.root.app = component);
  }

  /** Sets the component around the pages below a path. */
  layout(path: string, component: RouteComponent<State>, config: LayoutConfig = {}): this {
    return this.#call((site) => site.folder.at(path).layout = { component, config });
  }

  route(path: string, route: Route<State>, config?: Route<State>["config"]): this {
    return this.#call((site) => site.route(path, { ...route, config: { ...config, ...route.config } }));
  }

  /** Adds the routes of the build's routes/ folder. */
  fsRoutes(pattern = "*"): this {
    return this.#call((site) => addFiles(site.below(pattern)));
  }

  /** Makes the function for Deno.serve, and for tests. */
  handler(): (request: Request, info?: Deno.ServeHandlerInfo) => Promise<Response> {
    const snapshot = snapshots.get(this) ?? NO_BUILD;
    const { config } = this;
    const site = this.#build(new Site(snapshot.routes, config.basePath));
    const unmatched = compose(site.folder.chain());
    return async (req, info = UNKNOWN_PEER) => {
      const url = urlOf(req, config.trustProxy);
      const { item, path: route, params, allowed } = site.router.match(req.method as Method, url);
      const next = route === null || item ? notFound : () => notAllowed(req, allowed);
      const ctx = new Context<State>({ req, url, info, route, params, config, snapshot, next });
      const response = await Promise.resolve((item ?? unmatched)(ctx)).catch(toResponse);
      return req.method === "HEAD" ? new Response(null, response) : response;
    };
  }

  /** Serves the app until `options.signal` aborts. */
  // deno-lint-ignore require-await
  async listen(options: ListenOptions = {}): Promise<void> {
    Deno.serve(options as Deno.ServeTcpOptions, this.handler());
  }

  #method(...methods: Method[]): (path: string, ...middlewares: Middleware<State>[]) => this {
    return (path, ...middlewares) => this.#call((site) => site.handle(methods, path, middlewares));
  }

  #call(call: (site: Site<State>) => unknown): this {
    this.#calls.push(call);
    return this;
  }

  #build(site: Site<State>): Site<State> {
    for (const call of this.#calls) call(site);
    return site;
  }
}

const UNKNOWN_PEER: Deno.ServeHandlerInfo = {
  remoteAddr: { transport: "tcp", hostname: "localhost", port: 0 },
  completed: Promise.resolve(),
};

function urlOf(req: Request, trustProxy: boolean): URL {
  const url = new URL(req.url);
  url.pathname = url.pathname.replace(/\/+/g, "/");
  const [protocol, host] = ["x-forwarded-proto", "x-forwarded-host"].map((name) => req.headers.get(name));
  if (trustProxy && protocol) url.protocol = `${protocol}:`;
  if (trustProxy && host) url.host = host;
  return url;
}

function toRoute<State>(routeOrMiddleware: Route<State> | Middleware<State>): Route<State> {
  return typeof routeOrMiddleware === "function" ? { handler: routeOrMiddleware } : routeOrMiddleware;
}

// deno-lint-ignore require-await
async function notFound(): Promise<Response> {
  throw new HttpError(404);
}

// deno-lint-ignore require-await
async function notAllowed(req: Request, allowed: readonly Method[]): Promise<Response> {
  if (req.method !== "OPTIONS") throw new HttpError(405);
  return new Response(null, { status: 204, headers: { Allow: allowed.join(", ") } });
}

/** Answers what no error page did. */
function toResponse(error: unknown): Response {
  const status = error instanceof HttpError ? error.status : 500;
  if (status >= 500) console.error(error);
  if (!(error instanceof HttpError)) return new Response("Internal server error", { status });
  return new Response(error.message || STATUS_CODES[status], { status });
}

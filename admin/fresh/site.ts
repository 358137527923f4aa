import { compose, Folder } from "./folder.ts";
import { answerRoute } from "./route.tsx";
import { joinPaths, Router } from "./router.ts";
import type { RouteFile } from "./snapshot.ts";
import { type Method, METHODS, type Middleware, type Route } from "./types.ts";

/** What the calls on an app, one after the other, are turned into. */
export class Site<State> {
  constructor(
    readonly files: readonly RouteFile[],
    /** Where its paths begin. */
    readonly base: string,
    readonly router = new Router<Middleware<State>>(),
    readonly folder = new Folder<State>(),
  ) {}

  /** The same site for paths below one of its own. */
  below(path: string): Site<State> {
    return new Site(this.files, joinPaths(this.base, path), this.router, this.folder.at(path));
  }

  /** Has middlewares answer at a path, after those of its folder. */
  handle(methods: readonly Method[], path: string, last: Middleware<State>[], folder = path): void {
    const handler = compose([...this.folder.at(folder).chain(), ...last]);
    const pattern = joinPaths(this.base, path === "*" ? "/*" : path);
    for (const method of methods) this.router.add(method, pattern, handler);
  }

  /** Has a route answer at a path, for the methods that it has handlers for. */
  route(path: string, route: Route<State>): void {
    const { handler, component } = route;
    const methods = typeof handler === "object" ? Object.keys(handler) as Method[] : METHODS;
    this.handle(component ? [...methods, "GET"] : methods, path, [(ctx) => answerRoute(ctx, route)]);
  }
}

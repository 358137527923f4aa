import { type Context, uiOf } from "./context.ts";
import { HttpError } from "./http_error.ts";
import { answerRoute } from "./route.tsx";
import type { LayoutConfig, Middleware, Route, RouteComponent } from "./types.ts";

/** A folder of routes, by file or by path: what its middlewares, layout and error page apply to. */
export class Folder<State> {
  readonly middlewares: Middleware<State>[] = [];
  layout?: { component: RouteComponent<State>; config: LayoutConfig };
  errorRoute?: Route<State>;
  /** Of the root only. */
  notFound?: Route<State>;
  app?: RouteComponent<State>;
  readonly #children = new Map<string, Folder<State>>();

  constructor(readonly parent?: Folder<State>) {}

  /** The folder at a path such as "/a/b" or "(group)/[id]" below this one, made if need be. */
  at(path: string): Folder<State> {
    const names = path.replace(/\[(?:\.{3})?(\w+)\]/g, ":$1").split("/").filter((name) => name && name !== "*");
    return names.reduce((folder: Folder<State>, name) => {
      const child = folder.#children.get(name) ?? new Folder(folder);
      folder.#children.set(name, child);
      return child;
    }, this);
  }

  get root(): Folder<State> {
    return this.parent ? this.parent.root : this;
  }

  /** What a request goes through from the root to here, as registered up to now. */
  chain(): Middleware<State>[] {
    return [...(this.parent?.chain() ?? []), this.#guard(), ...this.middlewares];
  }

  /** Adds the folder's app wrapper and layout, and renders its error page for what is thrown below. */
  #guard(): Middleware<State> {
    const { layout, app, errorRoute, root } = this;
    return async (ctx) => {
      const ui = uiOf(ctx);
      if (app) ui.app = app;
      if (layout?.config.skipAppWrapper) ui.app = null;
      if (layout) ui.layouts = [...(layout.config.skipInheritedLayouts ? [] : ui.layouts), layout.component];
      try {
        return await ctx.next();
      } catch (error) {
        const status = error instanceof HttpError ? error.status : 500;
        const route = status === 404 && root.notFound || errorRoute;
        if (!route) throw error;
        return await answerRoute(ctx, route, route === root.notFound ? 200 : status);
      }
    };
  }
}

/** Makes one middleware of many. Whatever one of them throws is in `ctx.error` from then on. */
export function compose<State>(middlewares: readonly Middleware<State>[]): Middleware<State> {
  return (ctx: Context<State>) => {
    const last = ctx.next;
    const run = async (index: number): Promise<Response> => {
      const middleware = middlewares[index];
      if (!middleware) return await last();
      const before = { ...uiOf(ctx) };
      ctx.next = () => run(index + 1);
      try {
        return await middleware(ctx);
      } catch (error) {
        ctx.error = error;
        throw error;
      } finally {
        Object.assign(uiOf(ctx), before);
      }
    };
    return run(0);
  };
}

import { type FunctionComponent, isValidElement, type VNode } from "preact";
import { setNonce } from "./csp.ts";
import { renderDocument } from "./document.tsx";
import { renderComponent } from "./route.tsx";
import { Rendering } from "./rendering.ts";
import { preloadHeader } from "./scripts.tsx";
import type { Snapshot } from "./snapshot.ts";
import type { LayoutConfig, ResolvedFreshConfig, RouteComponent } from "./types.ts";

/** What surrounds the page at this point of the request. */
export interface Ui<State> {
  app: RouteComponent<State> | null;
  layouts: RouteComponent<State>[];
}

export interface ContextParts {
  req: Request;
  url: URL;
  info: Deno.ServeHandlerInfo;
  route: string | null;
  params: Record<string, string>;
  config: ResolvedFreshConfig;
  snapshot: Snapshot;
  next: () => Promise<Response>;
}

let ui: <State>(ctx: Context<State>) => Ui<State>;
let snapshot: <State>(ctx: Context<State>) => Snapshot;

/** One request: all that middlewares, handlers and pages know of it. */
export class Context<State> {
  readonly config: ResolvedFreshConfig;
  readonly url: URL;
  req: Request;
  readonly info: Deno.ServeHandlerInfo;
  /** The pattern that matched; null where nothing did. */
  readonly route: string | null;
  readonly params: Record<string, string>;
  readonly state: State = {} as State;
  readonly isPartial: boolean;
  data: unknown = undefined;
  /** What was thrown, once something was; else null. */
  error: unknown = null;
  /** Passes the request on. */
  next: () => Promise<Response>;
  /** What a layout or app wrapper surrounds. */
  Component: FunctionComponent = () => null;
  readonly #ui: Ui<State> = { app: null, layouts: [] };
  readonly #snapshot: Snapshot;

  static {
    ui = (ctx) => ctx.#ui;
    snapshot = (ctx) => ctx.#snapshot;
  }

  constructor(parts: ContextParts) {
    ({ config: this.config, url: this.url, req: this.req, info: this.info } = parts);
    ({ route: this.route, params: this.params, next: this.next, snapshot: this.#snapshot } = parts);
    this.isPartial = this.url.searchParams.has("fresh-partial");
  }

  /** Sends the browser elsewhere: pass 303 after a POST. A path cannot lead off the site, as its double slashes become one. */
  redirect(pathOrUrl: string, status = 302): Response {
    const local = pathOrUrl.startsWith("/");
    const location = local ? pathOrUrl.replace(/^[^?#]*/, (path) => path.replace(/[/\\]+/g, "/")) : pathOrUrl;
    return new Response(null, { status, headers: { location } });
  }

  /** Renders JSX within the layouts and the app wrapper that apply here. */
  async render(vnode: VNode | null, init: ResponseInit = {}, config: LayoutConfig = {}): Promise<Response> {
    if (vnode !== null && !isValidElement(vnode)) throw new Error("Cannot render as ctx.render() takes JSX");
    const { app, layouts } = this.#ui;
    let content = vnode;
    for (const layout of config.skipInheritedLayouts ? [] : layouts.toReversed()) {
      const inner = content;
      const result = await renderComponent(this, layout, () => inner);
      if (result instanceof Response) return result;
      content = result;
    }
    let inner: VNode | null = null;
    const wrapper = app && !config.skipAppWrapper ? await renderComponent(this, app, () => inner) : null;
    if (wrapper instanceof Response) return wrapper;

    const state = new Rendering(this, this.#snapshot);
    const html = renderDocument(state, content, (rendered) => {
      inner = rendered;
      return wrapper ?? rendered;
    });
    const headers = new Headers(init.headers);
    headers.set("Content-Type", "text/html; charset=utf-8");
    const preload = preloadHeader(state);
    if (preload) headers.append("Link", preload);
    const response = new Response(html, { ...init, headers });
    setNonce(response, state.nonce);
    return response;
  }

  text(content: string, init?: ResponseInit): Response {
    return new Response(content, init);
  }

  html(content: string, init?: ResponseInit): Response {
    const headers = new Headers(init?.headers);
    headers.set("Content-Type", "text/html; charset=utf-8");
    return new Response(content, { ...init, headers });
  }

  json(content: unknown, init?: ResponseInit): Response {
    return Response.json(content, init);
  }
}

/** What surrounds the page; folders and routes change it in place. */
export function uiOf<State>(ctx: Context<State>): Ui<State> {
  return ui(ctx);
}

/** The build that the app runs on. */
export function snapshotOf<State>(ctx: Context<State>): Snapshot {
  return snapshot(ctx);
}

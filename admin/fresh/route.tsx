import type { VNode } from "preact";
import { type Context, uiOf } from "./context.ts";
import type { HandlerFn, Method, PageProps, Route, RouteComponent } from "./types.ts";

/** Answers a request by a route: its handler for the method, then, unless that gave a Response, its page. */
export async function answerRoute<State>(ctx: Context<State>, route: Route<State>, status = 200): Promise<Response> {
  const ui = uiOf(ctx);
  if (route.config?.skipAppWrapper) ui.app = null;
  if (route.config?.skipInheritedLayouts) ui.layouts = [];
  const handler = handlerFor(route, ctx.req.method as Method);
  const answer = handler ? await handler(ctx) : await ctx.next();
  if (answer instanceof Response) return answer;

  const headers = new Headers();
  new Headers(answer.headers).forEach((value, name) => headers.set(name, value));
  const vnode = route.component ? await renderComponent(ctx, route.component, () => null, answer.data) : null;
  return vnode instanceof Response ? vnode : await ctx.render(vnode, { status: answer.status ?? status, headers });
}

/** The handler of a method, none if it has to go on to the 404. A page without a handler answers every method. */
function handlerFor<State>(
  { handler, component }: Route<State>,
  method: Method,
): HandlerFn<unknown, State> | undefined {
  const justPage = component && (() => ({ data: {} }));
  if (typeof handler === "function") return handler;
  if (!handler) return justPage;
  const get = handler.GET ?? justPage;
  return method === "GET" ? get : handler[method] ?? (method === "HEAD" ? get : undefined);
}

/** Renders a page, layout or app wrapper around what is inside it; an async one may answer by a Response itself. */
export async function renderComponent<State>(
  ctx: Context<State>,
  Template: RouteComponent<State>,
  inside: Context<State>["Component"],
  data: unknown = null,
): Promise<VNode | Response | null> {
  ctx.Component = inside;
  const { config, url, req, params, info, state, isPartial, Component, error, route } = ctx;
  const props = { config, url, req, params, info, state, isPartial, Component, error, route, data };
  return isAsync(Template) ? await Template(props) : <Template {...props} />;
}

type AsyncComponent<State> = (props: PageProps<unknown, State>) => Promise<VNode | Response | null>;

function isAsync<State>(component: unknown): component is AsyncComponent<State> {
  return component instanceof AsyncFunction;
}

const AsyncFunction = (async () => {}).constructor;

import { answerRoute } from "./route.tsx";
import { patternOf } from "./router.ts";
import type { Site } from "./site.ts";
import {
  METHODS,
  type Middleware,
  type Route,
  type RouteComponent,
  type RouteConfig,
  type RouteHandler,
} from "./types.ts";

/** What a file in routes/ exports. */
interface RouteModule<State> {
  default?: RouteComponent<State> | Middleware<State> | Middleware<State>[];
  handler?: RouteHandler<unknown, State> | Middleware<State>[];
  handlers?: RouteHandler<unknown, State>;
  config?: RouteConfig;
}

/** Adds the files of routes/: what applies to folders first, then routes, the more exact before patterns. */
export function addFiles<State>(site: Site<State>): void {
  const ranked = site.files.map(([path, module]) => ({ rank: rank(path), path, module }));
  ranked.sort((a, b) => a.rank < b.rank ? -1 : 1);
  for (const { path, module } of ranked) addFile(site, path, module as RouteModule<State>);
}

function addFile<State>(site: Site<State>, path: string, module: RouteModule<State>): void {
  const { default: main, handler = module.handlers, config = {} } = module;
  if (!main && !handler && !module.config) {
    throw new Error(`Cannot use routes/${path} as it must export a default component, "handler" or "config"`);
  }
  const component = main as RouteComponent<State>;
  const route = { config, ...(main && { component }), ...(handler && { handler }) } as Route<State>;
  const [, folderPath = "", name] = /^(.*?)\/?([^/]*)$/.exec(path) ?? [];
  const folder = site.folder.at(folderPath);
  switch (name) {
    case "_app":
      folder.root.app = component;
      break;
    case "_middleware":
      folder.middlewares.push(...[handler ?? main].flat() as Middleware<State>[]);
      break;
    case "_layout":
      folder.layout = { component, config };
      break;
    case "_404":
      folder.root.notFound = route;
      break;
    case "_error":
    case "_500":
      folder.errorRoute = route;
      break;
    default:
      site.handle(METHODS, config.routeOverride ?? patternOf(path), [(ctx) => answerRoute(ctx, route)], folderPath);
  }
}

/** Sorts folders' files first, then, part by part, names before parameters before rests. */
function rank(path: string): string {
  if (/(^|\/)_(app|middleware|layout|error|404|500)$/.test(path)) return ` ${path}`;
  const parts = path.split("/").filter((part) => !/^\(.*\)$/.test(part));
  return parts.map((part) => part.startsWith("[...") ? "3" : part.startsWith("[") ? "2" : `1${part}`).join("/");
}

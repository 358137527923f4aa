import { join, relative } from "node:path";

const SCRIPT = /\.[jt]sx?$/;
const TEST = /[._]test\.[jt]sx?$/;

/** All files below a folder, sorted; none if there is no such folder. */
export function filesIn(folder: string): string[] {
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(folder)];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  return entries.flatMap(({ name, isDirectory }) => isDirectory ? filesIn(join(folder, name)) : join(folder, name))
    .sort();
}

export interface Sources {
  /** The files of islands. */
  readonly islands: string[];
  /** Each route's file, with its path within routes/ without extension. */
  readonly routes: { path: string; file: string }[];
}

/** Finds the app's modules. In routes/, folders such as `(_components)` hold no routes; `(_islands)` hold islands. */
export function crawl(routeDir: string, islandDir: string): Sources {
  const modules = (folder: string) => filesIn(folder).filter((file) => SCRIPT.test(file) && !TEST.test(file));
  const inRoutes = modules(routeDir);
  const routes = inRoutes.filter((file) => !file.includes("/(_"));
  return {
    islands: [...modules(islandDir), ...inRoutes.filter((file) => file.includes("/(_islands)/"))],
    routes: routes.map((file) => ({ file, path: relative(routeDir, file).replace(SCRIPT, "") })),
  };
}

/** The rule "Imports go one way" of the architecture, checked file by file. */
import { dirname, join, normalize, relative } from "node:path";

/** What the admin may take from services/shared: nothing that reaches data. */
const ADMIN_SHARED = [
  "config",
  "connections",
  "log",
  "metrics",
  "health",
  "shutdown",
  "streams",
  "money",
  "formats",
  "permissions",
  "event_types",
  "forwarding",
  "trace",
];

/** Finds the first file of each broken import; empty when all is well. */
export function forbiddenImports(path: string, source: string): string[] {
  return [...localImports(source)]
    .map((specifier) => normalize(join(dirname(path), specifier)))
    .filter((target) => !mayImport(path, target))
    .map((target) => `${path} must not import ${target}: ${reasonFor(path)}`);
}

/** Checks every TypeScript file below the root. */
export function checkImports(root: string): string[] {
  return [...sources(root)].flatMap((path) => forbiddenImports(relative(root, path), Deno.readTextFileSync(path)));
}

function mayImport(from: string, to: string): boolean {
  const [top, part] = from.split("/");
  if (top === "tasks" || top === "db") return true;
  // It names the release.
  if (to === "deno.json") return true;
  if (to.startsWith("proto/gen/")) return top === "services" || top === "proto";
  if (top === "services") return to.startsWith(`services/${part}/`) && !isMain(to) || to.startsWith("services/shared/");
  if (top === "admin") {
    return to.startsWith("admin/") || ADMIN_SHARED.some((name) => to === `services/shared/${name}.ts`);
  }
  return to.startsWith(`${top}/`);
}

function isMain(path: string): boolean {
  return path.endsWith("/main.ts");
}

function reasonFor(path: string): string {
  const [top, part] = path.split("/");
  if (top === "admin") return `admin imports itself and services/shared/{${ADMIN_SHARED.join(",")}}.ts`;
  if (part === "shared") return "services/shared imports no service, only itself and proto/gen";
  if (top === "services") return `services/${part} imports itself (but main.ts), services/shared and proto/gen`;
  return `${top} imports itself`;
}

/** The relative specifiers of imports and re-exports, static, dynamic or of types. */
function* localImports(source: string): Generator<string> {
  const statement = /(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+)["'](\.{1,2}\/[^"']+)["']/g;
  for (const match of source.matchAll(statement)) if (match[1]) yield match[1];
}

function* sources(folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory && !entry.name.startsWith(".") && !["node_modules", "gen"].includes(entry.name)) {
      yield* sources(path);
    } else if (entry.isFile && /\.tsx?$/.test(entry.name)) yield path;
  }
}

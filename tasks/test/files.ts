import { join, relative } from "node:path";

/** What a test needs decides its group, and its file's name says which. */
export const GROUPS = ["unit", "integration", "api", "browser", "basic"] as const;

/** The kind of a test, by what it needs. */
export type Group = typeof GROUPS[number];

const FOLDERS = ["services", "tasks", "admin"];
const SKIPPED = new Set(["node_modules", "gen", ".git", "_fresh"]);

/** The group of a file: `x_api_test.ts` is "api", plain `x_test.ts` "unit"; undefined for what is no test. */
export function groupOf(path: string): Group | undefined {
  const match = /(?:_(integration|api|browser|basic))?_test\.tsx?$/.exec(path);
  return match ? (match[1] ?? "unit") as Group : undefined;
}

/** All test files below the root, sorted; with filters, those whose path contains one of them. */
export function testFiles(root: string, filters: readonly string[]): string[] {
  const found = FOLDERS.flatMap((folder) => [...walk(join(root, folder))]).map((path) => relative(root, path));
  const wanted = (path: string) => filters.length === 0 || filters.some((filter) => path.includes(filter));
  return found.filter((path) => groupOf(path) && wanted(path)).sort();
}

function* walk(folder: string): Generator<string> {
  let entries: Deno.DirEntry[] = [];
  try {
    entries = [...Deno.readDirSync(folder)];
  } catch {
    // Not there (yet).
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory && !SKIPPED.has(entry.name)) yield* walk(path);
    else if (entry.isFile) yield path;
  }
}

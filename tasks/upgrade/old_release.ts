/** For tests only: the code of the release before this one, from the repository's history. */
import { join } from "node:path";
import { ROOT } from "../deploy/render.ts";
import { must } from "../deploy/programs.ts";

/**
 * Lays the previous release (its commit is in db/previous_release; a release writes its own there) into a new folder,
 * on this one's packages. Needs the repository's history: a shallow clone says `git fetch --unshallow`.
 */
export async function checkOutPreviousRelease(folder: string): Promise<string> {
  const revision = Deno.readTextFileSync(join(ROOT, "db/previous_release")).trim();
  const archive = `${folder}.tar`;
  await must("git", ["-C", ROOT, "archive", `--output=${archive}`, revision], {
    otherwise: `Cannot test the upgrade as commit ${revision} is not in this clone: say git fetch --unshallow.`,
  });
  Deno.mkdirSync(folder);
  await must("tar", ["-xf", archive, "-C", folder]);
  Deno.removeSync(archive);
  Deno.symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const settings = JSON.parse(Deno.readTextFileSync(join(folder, "deno.json")));
  // Nothing is installed there: that would change what it is linked to.
  Deno.writeTextFileSync(join(folder, "deno.json"), JSON.stringify({ ...settings, nodeModulesDir: "manual" }));
  return folder;
}

/**
 * Lays out what an image holds: `<target>/packages` (which changes with the lock file only) and `<target>/app`.
 * The Dockerfile copies these two; the tests run what is in them. Run as: stage.ts <image> <target>
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildAdmin } from "../shop/build_admin.ts";
import { orRefuse, Refusal } from "../shop/refusal.ts";
import { type Contents, contentsOf, entriesOf, type ImageName, IMAGES } from "./contents.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Types, maps and texts of packages: nothing that runs. */
const IDLE = /\.(d\.[cm]?ts|[cm]?ts|map|md|markdown|flow)$/i;

/** Lays out an image below `target`, which must be new or empty. */
export async function stageImage(image: ImageName, target: string): Promise<void> {
  if (image === "admin") await buildAdmin(() => {}, new AbortController().signal);
  const contents = await contentsOf(image, ROOT);
  const app = join(target, "app");
  for (const file of contents.files) copy(join(ROOT, file), join(app, file));
  for (const folder of contents.folders) copyFolder(join(ROOT, folder), join(app, folder), () => true);
  copy(join(ROOT, "deno.lock"), join(app, "deno.lock"));
  Deno.writeTextFileSync(join(app, "deno.json"), await settings());
  stagePackages(contents.packages, join(target, "packages", "node_modules"));
  await warm(image, target);
}

/** deno.json for where all packages are there already: nothing is ever fetched or installed. */
async function settings(): Promise<string> {
  const { imports, unstable, compilerOptions } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  return JSON.stringify({ nodeModulesDir: "manual", unstable, compilerOptions, imports }, null, 2) + "\n";
}

function stagePackages(packages: Contents["packages"], target: string): void {
  const from = join(ROOT, "node_modules");
  for (const folder of new Set(packages.map(({ folder }) => folder))) {
    copyFolder(join(from, ".deno", folder), join(target, ".deno", folder), (path) => !IDLE.test(path));
  }
  for (const { name } of packages.filter(({ direct }) => direct)) {
    Deno.mkdirSync(dirname(join(target, name)), { recursive: true });
    Deno.symlinkSync(Deno.readLinkSync(join(from, name)), join(target, name));
  }
}

/** Translates the sources once, so that a container starts fast on a read-only disk. */
async function warm(image: ImageName, target: string): Promise<void> {
  const app = join(target, "app");
  Deno.symlinkSync(join(target, "packages", "node_modules"), join(app, "node_modules"));
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["cache", "--quiet", "--no-check", ...entriesOf(image)],
    cwd: app,
    env: { DENO_DIR: join(app, ".deno"), NO_COLOR: "1" },
  }).output();
  if (!success) throw new Error(`Cannot prepare the sources of ${image}: ${new TextDecoder().decode(stderr)}`);
  Deno.removeSync(join(app, "node_modules"));
}

function copyFolder(from: string, to: string, wanted: (path: string) => boolean): void {
  Deno.mkdirSync(to, { recursive: true });
  for (const { name, isDirectory, isSymlink } of Deno.readDirSync(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    if (isSymlink) Deno.symlinkSync(Deno.readLinkSync(source), target);
    else if (isDirectory) copyFolder(source, target, wanted);
    else if (wanted(source)) Deno.copyFileSync(source, target);
  }
}

function copy(from: string, to: string): void {
  Deno.mkdirSync(dirname(to), { recursive: true });
  Deno.copyFileSync(from, to);
}

if (import.meta.main) {
  await orRefuse(async () => {
    const [image, target] = Deno.args;
    const known = IMAGES.find((name) => name === image);
    if (!known || !target) throw new Refusal(`Say which image, and where to: stage.ts ${IMAGES.join("|")} <folder>`);
    await stageImage(known, target);
  });
}

/**
 * `deno task proto` lints the protos and generates proto/gen; with `--check` it writes nothing, but fails where
 * proto/gen is not what the protos give or a change would break clients of main.
 */
import { dirname, join } from "node:path";
import deno from "../deno.json" with { type: "json" };
import { orRefuse } from "./shop/refusal.ts";
import { readArguments } from "./shop/usage.ts";

const BUF = `${deno.imports["@bufbuild/buf"]}/buf`;
const PROTO = new URL("../proto/", import.meta.url).pathname;
const ROOT = new URL("../", import.meta.url).pathname;

if (import.meta.main) {
  await orRefuse(async () => {
    const check = readArguments(0, { check: { type: "boolean" } }).is("check");
    await buf("lint");
    if (check) {
      await breaking();
      await compare();
    } else {
      await buf("generate");
    }
    console.log(check ? "proto/gen is current, nothing breaks." : "proto/gen is generated.");
  });
}

/** Runs buf in proto/; its findings go to the terminal. Exits 1 if it fails. */
async function buf(...args: string[]): Promise<void> {
  // buf starts the plugin as `deno`: let it be this one.
  const PATH = `${dirname(Deno.execPath())}:${Deno.env.get("PATH") ?? ""}`;
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", BUF, ...args],
    cwd: PROTO,
    env: { PATH },
  }).spawn().status;
  if (!success) Deno.exit(1);
}

/** Compares with main's protos; a branch without any, such as the first, breaks nothing. */
async function breaking(): Promise<void> {
  for (const ref of ["origin/main", "main"]) {
    const found = await new Deno.Command("git", {
      args: ["cat-file", "-e", `${ref}:proto/buf.yaml`],
      cwd: ROOT,
      stderr: "null",
    }).output();
    if (found.success) return await buf("breaking", "--against", `../.git#ref=${ref},subdir=proto`);
  }
}

async function compare(): Promise<void> {
  const fresh = await Deno.makeTempDir();
  try {
    await buf("generate", "-o", fresh);
    const committed = await readTree(join(PROTO, "gen"));
    const generated = await readTree(join(fresh, "gen"));
    const stale = [...new Set([...committed.keys(), ...generated.keys()])].filter((file) =>
      committed.get(file) !== generated.get(file)
    );
    if (stale.length > 0) {
      console.error(`proto/gen is not current: ${stale.join(", ")}. Run \`deno task proto\`.`);
      Deno.exit(1);
    }
  } finally {
    await Deno.remove(fresh, { recursive: true });
  }
}

async function readTree(root: string, below = ""): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for await (const entry of Deno.readDir(join(root, below))) {
    const path = join(below, entry.name);
    if (entry.isDirectory) { for (const [name, text] of await readTree(root, path)) files.set(name, text); }
    else files.set(path, await Deno.readTextFile(join(root, path)));
  }
  return files;
}

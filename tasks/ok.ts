/** `deno task ok`: the one gate, cheapest check first. Prints what fails, in full, and one line for what does not. */
import { fileURLToPath } from "node:url";
import { checkImports } from "./check_imports.ts";
import { orRefuse } from "./shop/refusal.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Each a name and the arguments of `deno`. */
const CHECKS: readonly (readonly [name: string, ...args: string[]])[] = [
  ["fmt", "fmt", "--quiet", "--check"],
  ["lint", "lint", "--quiet"],
  ["types", "check", "--quiet", "."],
  ["generated code", "task", "--quiet", "proto", "--check"],
  ["tests", "task", "--quiet", "test"],
];

await orRefuse(async () => {
  const wrong = checkImports(ROOT);
  console.log(wrong.length ? wrong.join("\n") : "imports: ok");
  let failed = wrong.length > 0;
  for (const [name, ...args] of CHECKS) {
    const success = await passes(name, args);
    failed ||= !success;
    console.log(`${name}: ${success ? "ok" : "FAILED"}`);
  }
  return failed ? 1 : 0;
});

/** The tests print as they go; the other checks only when they fail. */
async function passes(name: string, args: string[]): Promise<boolean> {
  const output = name === "tests" ? "inherit" : "piped";
  const child = new Deno.Command(Deno.execPath(), { args, cwd: ROOT, stdin: "null", stdout: output, stderr: output })
    .spawn();
  if (output === "inherit") return (await child.status).success;
  const { success, stdout, stderr } = await child.output();
  if (!success) { for (const text of [stdout, stderr]) await Deno.stdout.write(text); }
  return success;
}

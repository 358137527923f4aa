import { Refusal } from "../shop/refusal.ts";

/** Waits for others' installations, as tests run side by side. */
const APT = ["-o", "DPkg::Lock::Timeout=180", "-y", "-qq"];

/**
 * Finds a program that a test needs; root on Debian gets its package (of the same name, unless told) by apt-get, anybody
 * else a sentence with the command to type.
 */
export async function debianProgram(program: string, debianPackage = program): Promise<string> {
  const found = onPath(program);
  if (found) return found;
  const install = ["install", ...APT, "--no-install-recommends", debianPackage];
  if (Deno.uid() === 0 && onPath("apt-get")) {
    for (const args of [["update", ...APT], install]) {
      const env = { DEBIAN_FRONTEND: "noninteractive" };
      await new Deno.Command("apt-get", { args, env, stdin: "null", stdout: "null", stderr: "null" }).output();
    }
  }
  const installed = onPath(program);
  if (installed) return installed;
  throw new Refusal(
    `Cannot test as there is no ${program}: say apt-get install ${debianPackage}, or install it otherwise.`,
  );
}

function onPath(program: string): string | undefined {
  return (Deno.env.get("PATH") ?? "").split(":").map((folder) => `${folder}/${program}`).find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

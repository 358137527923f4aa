import { Refusal } from "../shop/refusal.ts";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const INSTALL = ["install", "-y", "--no-install-recommends", "chromium"];

/** Where the browser tests find Chromium (TEST_CHROMIUM, else the usual places); root on Debian gets it by apt-get. */
export async function findChromium(): Promise<string> {
  const found = present();
  if (found) return found;
  if (Deno.uid() === 0 && exists("/usr/bin/apt-get")) {
    console.log("installing Chromium for the browser tests");
    for (const args of [["update", "-qq"], INSTALL]) {
      const env = { DEBIAN_FRONTEND: "noninteractive" };
      await new Deno.Command("apt-get", { args, env, stdin: "null", stdout: "null", stderr: "null" }).output();
    }
  }
  const installed = present();
  if (!installed) {
    throw new Refusal("Cannot run the browser tests as there is no Chromium: install it, or set TEST_CHROMIUM.");
  }
  return installed;
}

function present(): string | undefined {
  const given = Deno.env.get("TEST_CHROMIUM");
  return [...given ? [given] : [], ...PLACES].find(exists);
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

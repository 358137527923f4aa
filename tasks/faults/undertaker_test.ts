import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { birth } from "../shop/birth.ts";
import { delay } from "../shop/children.ts";

/** A process that starts two others, the first of them twice, tells of both, and says who they are. */
const STARTER = `
import { Undertaker } from "${new URL("undertaker.ts", import.meta.url)}";
const undertaker = new Undertaker();
const sleep = () => new Deno.Command("sleep", { args: ["60"], detached: true }).spawn().pid;
const pids = [sleep(), sleep(), sleep()];
undertaker.started("one", pids[0]);
undertaker.started("one", pids[1]);
undertaker.started("two", pids[2]);
await new Promise((resolve) => setTimeout(resolve, 200));
console.log(JSON.stringify(pids));
if (Deno.args[0] === "close") await undertaker.close();
else await new Promise((resolve) => setTimeout(resolve, 60_000));
Deno.exit(0);
`;

const runs = (pid: number) => birth(pid) !== undefined;

async function start(how: "die" | "close") {
  const file = Deno.makeTempFileSync({ suffix: ".ts" });
  Deno.writeTextFileSync(file, STARTER);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "-A", file, how],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  const [first = 0, second = 0, third = 0] = JSON.parse(new TextDecoder().decode(value)) as number[];
  await reader.cancel();
  return { child, first, second, third, file };
}

describe("Undertaker", () => {
  it("ends what runs last under each name once the starter is killed", async () => {
    const { child, first, second, third, file } = await start("die");
    try {
      child.kill("SIGKILL");
      await child.status;
      for (let tries = 0; tries < 100 && (runs(second) || runs(third)); tries++) await delay(50);
      expect([first, second, third].map(runs)).toEqual([true, false, false]);
    } finally {
      Deno.removeSync(file);
      for (const pid of [first, second, third]) if (runs(pid)) Deno.kill(pid, "SIGKILL");
    }
  });

  it("ends nothing once it was closed", async () => {
    const { child, first, second, third, file } = await start("close");
    try {
      await child.status;
      await delay(100);
      expect([second, third].map(runs)).toEqual([true, true]);
    } finally {
      Deno.removeSync(file);
      for (const pid of [first, second, third]) if (runs(pid)) Deno.kill(pid, "SIGKILL");
    }
  });
});

import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { join } from "node:path";
import { birth } from "./birth.ts";
import { readRun, RunFile, runningShop } from "./run_file.ts";

function sleeper() {
  return new Deno.Command("sleep", { args: ["60"], detached: true }).spawn();
}

describe("RunFile", () => {
  it("lets one starter hold a directory at a time", () => {
    const folder = Deno.makeTempDirSync();
    const first = new RunFile(folder);
    expect(() => new RunFile(folder)).toThrow(/already running on/);
    first.close();
    new RunFile(folder).close();
  });

  it("ends what a killed starter left, but no process that merely has its number", async () => {
    const folder = Deno.makeTempDirSync();
    const [left, stranger] = [sleeper(), sleeper()];
    const children = {
      left: { pid: left.pid, born: birth(left.pid) },
      stranger: { pid: stranger.pid, born: "another time" },
    };
    Deno.writeTextFileSync(join(folder, "run.json"), JSON.stringify({ starter: { pid: 1, born: "" }, children }));
    const run = new RunFile(folder);
    await run.endLeftovers(() => {});
    expect(birth(left.pid)).toBeUndefined();
    expect(birth(stranger.pid)).toBeDefined();
    run.close();
    stranger.kill("SIGKILL");
    await Promise.all([left.status, stranger.status]);
  });

  it("tells where the shop is while it runs, and nothing after", () => {
    const folder = Deno.makeTempDirSync();
    const run = new RunFile(folder);
    run.set({ gateway: "http://127.0.0.1:8000" });
    expect(runningShop(folder).gateway).toBe("http://127.0.0.1:8000");
    run.close();
    expect(readRun(folder)).toBeUndefined();
    expect(() => runningShop(folder)).toThrow(/No shop is running/);
  });
});

import { afterEach, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { join } from "node:path";
import { birth } from "./birth.ts";
import { delay } from "./children.ts";
import { LogFile } from "./log_file.ts";
import { nextWait, type Spec, Supervised } from "./supervisor.ts";

const folder = Deno.makeTempDirSync();
const running: Supervised[] = [];

function supervise(script: string, spec: Partial<Spec> = {}) {
  const lines: string[] = [];
  const seen: string[] = [];
  const pids: number[] = [];
  const process = new Supervised({
    name: "it",
    command: { program: "sh", args: ["-c", script], env: { PATH: Deno.env.get("PATH") ?? "" } },
    output: { log: new LogFile(join(folder, "it.log")), onLine: (line) => lines.push(line) },
    ...spec,
  }, {
    started: (_name, pid) => void pids.push(pid),
    died: (_name, how, wait) => void seen.push(`${how}, ${wait}`),
  });
  running.push(process);
  return { process, lines, seen, pids };
}

async function until(condition: () => boolean) {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 250) throw new Error("It did not happen within 5 s.");
    await delay(20);
  }
}

afterEach(async () => {
  for (const process of running.splice(0)) await process.stop();
});

describe("nextWait()", () => {
  it("doubles from 250 ms to 10 s", () => {
    const waits: number[] = [];
    for (let tries = 0; tries < 8; tries++) waits.push(nextWait(waits.at(-1), 100));
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 10000, 10000]);
  });

  it("starts over after 30 s of life", () => {
    expect(nextWait(8000, 30_000)).toBe(250);
  });
});

describe("Supervised", () => {
  it("starts a process again that ended, saying how and when", async () => {
    const { seen, pids } = supervise("exit 3");
    await until(() => pids.length === 3);
    expect(seen.slice(0, 2)).toEqual(["exit code 3, 250", "exit code 3, 500"]);
  });

  it("counts a program that is not there as ended", async () => {
    const { seen } = supervise("", { command: { program: "/nowhere", args: [], env: {} } });
    await until(() => seen.length === 1);
    expect(seen[0]).toMatch(/NotFound/);
  });

  it("asks by the stop signal, lets it finish, and does not start it again", async () => {
    const { process, lines, pids } = supervise("trap 'echo done; exit 0' INT; echo up; while :; do sleep 0.05; done", {
      stopSignal: "SIGINT",
    });
    await until(() => lines.includes("up"));
    await process.stop();
    expect([lines, pids.length, process.deaths]).toEqual([["up", "done"], 1, 0]);
  });

  it("kills what does not go in time, with all that it started", async () => {
    const { process, lines, pids } = supervise("trap '' TERM; sleep 60 & echo $!; while :; do sleep 0.05; done", {
      patience: 100,
    });
    await until(() => lines.length === 1);
    await process.stop();
    await until(() => birth(Number(lines[0])) === undefined);
    expect(birth(pids[0] ?? 0)).toBeUndefined();
  });

  it("stops at once while it waits for the next try", async () => {
    const { process, seen } = supervise("exit 1");
    await until(() => seen.length === 2);
    const began = Date.now();
    await process.stop();
    expect(Date.now() - began).toBeLessThan(200);
  });
});

import { after, before, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { readRun } from "./shop/run_file.ts";
import { Terminal } from "./terminal_testing.ts";

describe("deno task doctor", () => {
  let terminal: Terminal;
  before(() => {
    terminal = new Terminal();
  });
  after(() => terminal?.close());

  /** What is wrong by its account, and how it ended. */
  async function doctor() {
    const { child, lines } = terminal.type("doctor");
    const ended = await child.ended;
    return { ended, lines, wrong: lines.filter((line) => line.startsWith("wrong")) };
  }

  it("is content with a shop that is stopped", async () => {
    const { ended, lines, wrong } = await doctor();
    expect([ended, wrong]).toEqual(["exit code 0", []]);
    expect(lines.join("\n")).toContain(`no shop runs on ${terminal.dataDir}`);
  });

  it("names what is broken, and its commands mend it", async () => {
    await terminal.type("start").shown(/^ready /);
    const cart = readRun(terminal.dataDir)?.children.cart?.pid ?? 0;
    const dead = "insert into user_jobs._private_jobs (task_id, attempts, max_attempts) " +
      "select id, 25, 25 from user_jobs._private_tasks limit 1";
    await terminal.type(["psql", "--", "-c", dead]).child.ended;
    Deno.kill(cart, "SIGSTOP");
    const { ended, lines, wrong } = await doctor();
    expect(ended).toBe("exit code 1");
    expect(wrong).toEqual([
      expect.stringContaining("cart does not answer"),
      expect.stringMatching(/1 of user's \w+ failed for good/),
    ]);
    Deno.kill(cart, "SIGCONT");
    const mend = lines.map((line) => /→ deno task psql -- -c "(select .+)"$/.exec(line)?.[1]).find(Boolean) ?? "";
    expect(await terminal.type(["psql", "--", "-c", mend]).child.ended).toBe("exit code 0");
    const healed = await doctor();
    expect([healed.ended, healed.wrong]).toEqual(["exit code 0", []]);
    for (const about of ["9 processes are ready", "all \\d+ are applied", "6 logins", "none failed for good"]) {
      expect(healed.lines.join("\n")).toMatch(new RegExp(`^ok .*${about}`, "m"));
    }
  });

  it("finds what a killed shop left", async () => {
    Deno.kill(readRun(terminal.dataDir)?.starter.pid ?? 0, "SIGKILL");
    const { wrong } = await doctor();
    expect(wrong.join()).toContain("left running by a shop that was killed");
  });
});

import { after, before, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { join } from "node:path";
import { smokePurchase } from "./deploy/smoke.ts";
import { Terminal } from "./terminal_testing.ts";

describe("deno task backup and restore", () => {
  let terminal: Terminal;
  let shop: ReturnType<Terminal["type"]>;
  let folder: string;
  const ended = async (task: string, environment: Record<string, string> = {}) => {
    const typed = terminal.type(task, environment);
    return [await typed.child.ended, typed.lines.at(-1)];
  };
  const payments = async () => {
    const query = "select count(*) from payment.payments";
    return Number(await terminal.type(["psql", "--", "-A", "-t", "-c", query]).shown(/^\d+$/));
  };
  before(async () => {
    terminal = new Terminal();
    folder = join(terminal.dataDir, "..", `nano-backup-${crypto.randomUUID()}`);
    shop = terminal.type("start", { SEED: "demo" });
    await shop.shown(/^ready /);
  });
  after(async () => {
    await terminal.close();
    await Deno.remove(folder, { recursive: true }).catch(() => {});
  });

  it("refuse while the shop runs on the data", async () => {
    expect(await ended(`backup -- ${folder}`)).toEqual([
      "exit code 1",
      expect.stringMatching(/^Cannot back up as the shop on .* is running: stop it/),
    ]);
  });

  it("name what to install where pg_dump is missing or older than the server", async () => {
    const database = /"database": "([^"]+)"/.exec(Deno.readTextFileSync(join(terminal.dataDir, "run.json")))?.[1] ?? "";
    expect(await ended(`backup -- ${folder}`, { DATABASE_URL: database, PATH: "/nowhere" })).toEqual([
      "exit code 1",
      expect.stringMatching(/^Cannot go on as there is no pg_dump on PATH .* apt-get install postgresql-client-18/),
    ]);
  });

  it("lose nothing: after the data is gone, the orders are there again and the next purchase works", async () => {
    await smokePurchase(`http://127.0.0.1:${terminal.gateway}`);
    const before = await payments();
    await ended("stop");
    expect(await ended(`backup -- ${folder}`)).toEqual(["exit code 0", expect.stringContaining(folder)]);

    for (const { name } of Deno.readDirSync(terminal.dataDir)) {
      await Deno.remove(join(terminal.dataDir, name), { recursive: true });
    }
    expect(await ended(`restore -- ${folder}`)).toEqual(["exit code 0", expect.stringMatching(/^restored/)]);
    shop = terminal.type("start");
    await shop.shown(/^ready /);
    expect(await payments()).toBe(before);
    expect(await smokePurchase(`http://127.0.0.1:${terminal.gateway}`)).toMatchObject({ bought: true });
    await ended("stop");
  });

  it("refuse to lay a backup over data that is there", async () => {
    expect(await ended(`restore -- ${folder}`)).toEqual([
      "exit code 1",
      expect.stringMatching(/^Cannot restore into .* as there is a shop's data in it/),
    ]);
  });

  it("refuse a backup that was changed", async () => {
    await Deno.writeTextFile(join(folder, "secrets.json"), "{}");
    expect(await ended(`restore -- ${folder}`)).toEqual([
      "exit code 1",
      `Cannot restore ${folder} as secrets.json is not what was backed up.`,
    ]);
  });
});

import { after, afterEach, before, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { join } from "node:path";
import { delay } from "./shop/children.ts";
import { readRun } from "./shop/run_file.ts";
import { runs, Terminal } from "./terminal_testing.ts";

async function get(url: string): Promise<number> {
  const response = await fetch(url);
  await response.body?.cancel();
  return response.status;
}

describe("deno task start", () => {
  let terminal: Terminal;
  let shop: ReturnType<Terminal["type"]>;
  let ids: number[];
  before(async () => {
    terminal = new Terminal();
    shop = terminal.type("start");
    await shop.shown(/^ready /);
    ids = terminal.children();
  });
  after(() => terminal?.close());

  it("prints one line with the addresses and the operator's sign-in", () => {
    const lines = shop.lines.filter((line) => line.startsWith("ready"));
    const address = `http://127.0.0.1:${terminal.gateway}`;
    expect(lines.length).toBe(1);
    const start = `ready ${address} · docs ${address}/docs · admin http://127.0.0.1:${terminal.admin}`;
    expect(lines[0]).toContain(`${start} · operator admin@nano.test password `);
  });

  it("runs six services, the sender of webhooks, gateway, admin, PostgreSQL and Redis", () => {
    const names = Object.keys(readRun(terminal.dataDir)?.children ?? {}).sort();
    const services = ["cart", "deliver", "order", "payment", "product", "store", "user"];
    expect(names).toEqual(["admin", "gateway", "postgres", "redis", ...services].sort());
  });

  it("answers at the gateway", async () => {
    expect(await get(`http://127.0.0.1:${terminal.gateway}/healthz`)).toBe(200);
  });

  it("answers at the console", async () => {
    expect(await get(`http://127.0.0.1:${terminal.admin}/login`)).toBe(200);
  });

  it("keeps its secrets and addresses from other users", () => {
    for (const name of ["secrets.json", "run.json", "redis/redis.conf"]) {
      expect((Deno.statSync(join(terminal.dataDir, name)).mode ?? 0) & 0o077).toBe(0);
    }
  });

  it("gives psql and redis shells", async () => {
    await terminal.type("psql -- -c select(6*7)").shown(/42/);
    await terminal.type("redis ping").shown(/PONG/);
    await terminal.type("logs postgres").shown(/ready to accept connections/);
  });

  it("refuses a second start on the same data", async () => {
    const second = terminal.type("start");
    expect(await second.child.ended).toBe("exit code 1");
    expect(second.lines).toEqual([
      expect.stringMatching(/^Cannot start as a shop is already running on .* \(process \d+\)/),
    ]);
  });

  for (const [variable, door] of [["GATEWAY_PORT", "gateway"], ["ADMIN_PORT", "admin"]] as const) {
    it(`refuses a taken ${variable}, naming it, and leaves nothing behind`, async () => {
      const other = new Terminal();
      const second = other.type("start", { [variable]: String(terminal[door]) });
      expect(await second.child.ended).toBe("exit code 1");
      expect(second.lines).toEqual([
        `Cannot start as port ${terminal[door]} is taken: stop what listens there, or set ${variable} to another.`,
      ]);
      expect(other.children()).toEqual([]);
      await other.close();
    });
  }

  it("starts a killed service again", async () => {
    const pid = readRun(terminal.dataDir)?.children.cart?.pid ?? 0;
    Deno.kill(pid, "SIGKILL");
    await shop.shown(/^cart ended \(SIGKILL\); starting it again in 250 ms/);
    for (const end = Date.now() + 10_000; readRun(terminal.dataDir)?.children.cart?.pid === pid; await delay(50)) {
      expect(Date.now()).toBeLessThan(end);
    }
    ids = terminal.children();
  });

  it("stops by `deno task stop` and leaves no process", async () => {
    const stop = terminal.type("stop");
    expect(await stop.child.ended).toBe("exit code 0");
    expect(await shop.child.ended).toBe("exit code 0");
    expect(ids.length).toBe(11);
    expect(ids.filter(runs)).toEqual([]);
  });

  it("keeps the data for a next start, which cleans up after one that was killed", async () => {
    const secrets = Deno.readTextFileSync(join(terminal.dataDir, "secrets.json"));
    const next = terminal.type("start");
    await next.shown(/^ready /);
    const query = "select count(*) > 0 as migrated from product.migrations";
    await terminal.type(["psql", "--", "-A", "-t", "-c", query]).shown(/^t$/);
    const left = terminal.children();
    Deno.kill(readRun(terminal.dataDir)?.starter.pid ?? 0, "SIGKILL");
    await next.child.ended;

    const last = terminal.type("start");
    await last.shown(/^ready /);
    expect(last.lines).toContain("ending postgres, left running by a shop that was killed");
    expect(left.filter(runs)).toEqual([]);
    expect(Deno.readTextFileSync(join(terminal.dataDir, "secrets.json"))).toBe(secrets);

    // Ctrl-C reaches the whole group of the terminal's job: deno task and the starter.
    ids = terminal.children();
    Deno.kill(-last.child.pid, "SIGINT");
    expect(await last.child.ended).toBe("exit code 0");
    expect(ids.filter(runs)).toEqual([]);
  });
});

describe("deno task start, refused,", () => {
  const terminals: Terminal[] = [];
  const refused = async (environment: Record<string, string>) => {
    const terminal = new Terminal();
    terminals.push(terminal);
    const { child, lines } = terminal.type("start", environment);
    expect(await child.ended).toBe("exit code 1");
    expect(terminal.children()).toEqual([]);
    return lines.at(-1);
  };
  afterEach(async () => {
    for (const terminal of terminals.splice(0)) await terminal.close();
  });

  it("names an unreachable PostgreSQL", async () => {
    const line = await refused({ DATABASE_URL: "postgres://nano:x@127.0.0.1:9/nano", REDIS_URL: "off" });
    expect(line).toMatch(/^Cannot reach PostgreSQL at 127\.0\.0\.1:9 as DATABASE_URL says: .*ECONNREFUSED/);
  });

  it("names the variable at fault", async () => {
    expect(await refused({ LOG_LEVEL: "LOUD" })).toMatch(/^Cannot start with these settings: LOG_LEVEL: /);
  });

  it("wants the secrets in production", async () => {
    expect(await refused({ ENVIRONMENT: "production" })).toBe(
      "Cannot start in production as DATABASE_URL must be set.",
    );
  });
});

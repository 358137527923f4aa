import { after, before, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { join } from "node:path";
import pg from "pg";
import { findPort } from "../shop/ports.ts";
import { type Child, delay, spawnChild } from "../shop/children.ts";
import { LogFile } from "../shop/log_file.ts";
import { randomText } from "../shop/secrets.ts";
import { neighbourVariable, PROCESSES } from "../processes.ts";
import { type ImageName, IMAGES } from "./contents.ts";
import { stageImage } from "./stage.ts";

const MB = 1_000_000;
/** debian:12-slim with tini, unpacked. */
const BASE = 76 * MB;
const LIMIT = 220 * MB;
/** Nobody, as in the images; only root can become somebody else. */
const NOBODY = Deno.uid() === 0 ? { user: { uid: 65532, gid: 65532 } } : {};

/** A machine that has Deno, a shell, and the images' files at their places: nothing else of this one. */
class Machine {
  readonly folder = Deno.makeTempDirSync({ prefix: "nano-images-" });
  readonly bin = join(this.folder, "bin");
  readonly children = new Map<string, Child>();
  readonly environment: Record<string, string> = {};

  async build(): Promise<void> {
    Deno.chmodSync(this.folder, 0o755);
    Deno.mkdirSync(this.bin);
    // A copy, as others may not reach the place where npm put it.
    Deno.copyFileSync(Deno.execPath(), join(this.bin, "deno"));
    for (const image of IMAGES) await this.#place(image);
  }

  async #place(image: ImageName): Promise<void> {
    const staged = join(this.folder, `staged-${image}`);
    await stageImage(image, staged);
    const app = join(this.folder, image, "app");
    Deno.mkdirSync(join(this.folder, image));
    Deno.renameSync(join(staged, "app"), app);
    Deno.renameSync(join(staged, "packages", "node_modules"), join(app, "node_modules"));
    readOnly(app);
  }

  size(image: ImageName): number {
    return BASE + Deno.statSync(join(this.bin, "deno")).size + weigh(join(this.folder, image));
  }

  /** Runs the image's entry as the container would. */
  run(image: ImageName, environment: Record<string, string>): Child {
    const app = join(this.folder, image, "app");
    const child = spawnChild({
      program: "/bin/sh",
      args: ["tasks/image/launch.sh"],
      cwd: app,
      env: {
        PATH: `${this.bin}:/bin:/usr/bin`,
        IMAGE: image,
        HOME: app,
        DENO_DIR: join(app, ".deno"),
        DENO_NO_UPDATE_CHECK: "1",
        NO_COLOR: "1",
        ...environment,
      },
      ...NOBODY,
    }, { log: new LogFile(this.log(image)) });
    this.children.set(image, child);
    return child;
  }

  log(image: ImageName): string {
    return join(this.folder, `${image}.log`);
  }

  async remove(): Promise<void> {
    for (const child of this.children.values()) child.kill();
    for (const child of this.children.values()) await child.ended;
    for (const image of IMAGES) {
      await new Deno.Command("chmod", { args: ["-R", "u+w", join(this.folder, image)] }).output();
    }
    await Deno.remove(this.folder, { recursive: true });
  }
}

describe("the images", () => {
  const machine = new Machine();
  const maintenance = Deno.env.get("TEST_DATABASE_URL") ?? "";
  const database = `images_${randomText(8).toLowerCase()}`;
  const ports = new Map(PROCESSES.map(({ name }) => [name, { port: findPort(), httpPort: findPort() }]));
  const shared: Record<string, string> = {
    ENVIRONMENT: "production",
    HOST: "127.0.0.1",
    // By name, as in a cluster.
    ...Object.fromEntries(
      [...ports].map(([name, { port }]) => [neighbourVariable(name as "user"), `localhost:${port}`]),
    ),
    GATEWAY_URL: `http://127.0.0.1:${ports.get("gateway")?.port}`,
    REDIS_URL: Deno.env.get("TEST_REDIS_URL") ?? "",
    JWT_SECRET: randomText(48),
    ADMIN_EMAIL: "owner@nano.test",
    ADMIN_PASSWORD: randomText(20),
    TEST_PAYMENTS: "on",
  };
  const databaseLogin = { DATABASE_URL: "", DATABASE_ROLE_SECRET: randomText(48) };

  before(async () => {
    await sql(`create database ${database}`);
    const url = new URL(maintenance);
    url.pathname = `/${database}`;
    databaseLogin.DATABASE_URL = url.href;
    await machine.build();
  });
  after(async () => {
    await machine.remove();
    await sql(`drop database if exists ${database} with (force)`);
  });

  it("are under 220 MB each", () => {
    const sizes = Object.fromEntries(IMAGES.map((image) => [image, machine.size(image)]));
    expect(Object.entries(sizes).filter(([, size]) => size >= LIMIT)).toEqual([]);
  });

  it("migrate, then run the shop as an unprivileged user on a read-only disk", async () => {
    const ended = await machine.run("migrate", { ENVIRONMENT: "production", ...databaseLogin }).ended;
    expect([ended, Deno.readTextFileSync(machine.log("migrate"))]).toEqual([
      "exit code 0",
      expect.stringContaining("migrations applied"),
    ]);
    for (const { name, database } of PROCESSES) {
      const { port, httpPort } = ports.get(name) ?? {};
      const login: Record<string, string> = database ? databaseLogin : {};
      machine.run(name, { ...shared, ...login, PORT: String(port), HTTP_PORT: String(httpPort) });
    }
    for (const { name } of PROCESSES) await untilReady(name);
    const { port } = ports.get("gateway") ?? {};
    const response = await fetch(`http://127.0.0.1:${port}/stores`);
    expect(await response.json()).toMatchObject({ data: [{ slug: "default" }] });
    const console = await fetch(`http://127.0.0.1:${ports.get("admin")?.port}/login`);
    expect([console.status, await console.text()]).toEqual([200, expect.stringContaining("<form")]);
  });

  it("tell their health by the check that is in them", async () => {
    const check = (httpPort: number | undefined) =>
      new Deno.Command(join(machine.bin, "deno"), {
        args: healthcheck(),
        cwd: join(machine.folder, "gateway", "app"),
        env: { IMAGE: "gateway", HTTP_PORT: String(httpPort) },
      }).output();
    expect((await check(ports.get("gateway")?.httpPort)).code).toBe(0);
    expect((await check(1)).code).toBe(1);
  });

  it("end by themselves on SIGTERM", async () => {
    const child = machine.children.get("cart");
    child?.signal("SIGTERM");
    expect(await child?.ended).toBe("exit code 0");
  });

  async function untilReady(name: ImageName): Promise<void> {
    const url = `http://127.0.0.1:${ports.get(name as "user")?.httpPort}/readyz`;
    for (const end = Date.now() + 60_000; Date.now() < end; await delay(100)) {
      const answer = await fetch(url).catch(() => undefined);
      await answer?.body?.cancel();
      if (answer?.ok) return;
    }
    throw new Error(`${name} is not ready:\n${Deno.readTextFileSync(machine.log(name))}`);
  }

  async function sql(text: string): Promise<void> {
    const client = new pg.Client({ connectionString: maintenance });
    await client.connect();
    await client.query(text);
    await client.end();
  }
});

/** The arguments of `deno` in the Dockerfile's HEALTHCHECK. */
function healthcheck(): string[] {
  const command = /^HEALTHCHECK .* CMD (\[.*\])$/m.exec(Deno.readTextFileSync("Dockerfile"))?.[1] ?? "[]";
  // What stands before it keeps the check itself out of the traces.
  return JSON.parse(command).slice(["env", "OTEL_DENO=false", "deno"].length);
}

function readOnly(folder: string): void {
  for (const entry of Deno.readDirSync(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) readOnly(path);
    else if (entry.isFile) Deno.chmodSync(path, Deno.statSync(path).mode! & 0o555);
  }
  Deno.chmodSync(folder, 0o555);
}

function weigh(folder: string): number {
  let sum = 0;
  for (const entry of Deno.readDirSync(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) sum += weigh(path);
    else if (entry.isFile) sum += Deno.statSync(path).blocks! * 512;
  }
  return sum;
}

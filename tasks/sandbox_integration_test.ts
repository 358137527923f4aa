import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  denoArguments,
  environmentFor,
  environmentNames,
  neighbourVariable,
  type Process,
  PROCESSES,
  processNamed,
  SERVICES,
} from "./processes.ts";
import { baseEnvironment } from "./shop/children.ts";
import { findPort } from "./shop/ports.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const folder = Deno.makeTempDirSync({ prefix: "nano-sandbox-" });
/** A host that nobody was given leave to reach. */
let elsewhere: Deno.TcpListener;

before(() => {
  elsewhere = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  for (const { name } of PROCESSES) {
    Deno.mkdirSync(join(folder, "tls", name), { recursive: true });
    for (const file of ["ca.crt", "tls.crt", "tls.key"]) Deno.writeTextFileSync(join(folder, "tls", name, file), name);
  }
  Deno.writeTextFileSync(join(folder, "secrets.json"), "{}");
});
after(() => {
  elsewhere.close();
  Deno.removeSync(folder, { recursive: true });
});

/** All that a whole shop's starter knows. */
function surroundings(process: Process): Record<string, string> {
  const neighbours = [...SERVICES, "deliver" as const].map((name) => [neighbourVariable(name), "127.0.0.1:1"]);
  return {
    ...Object.fromEntries(PROCESSES.flatMap(environmentNames).map((name) => [name, `secret-${name}`])),
    ...Object.fromEntries(neighbours),
    DATABASE_ROLE_SECRET: "secret",
    ENVIRONMENT: "production",
    HOST: "127.0.0.1",
    PORT: String(findPort()),
    HTTP_PORT: String(findPort()),
    DATABASE_URL: "postgres://nano:secret@127.0.0.1:2/nano",
    DATABASE_DIRECT_URL: "postgres://nano:secret@127.0.0.1:2/nano",
    DATABASE_REPLICA_URL: "postgres://nano:secret@127.0.0.1:2/nano",
    REDIS_URL: "redis://:secret@127.0.0.1:3",
    SMTP_URL: "smtp://127.0.0.1:5",
    GATEWAY_URL: "http://127.0.0.1:4",
    TLS_DIR: join(folder, "tls", process.name),
  };
}

/** Says of each attempt how it ended: "done", or the error's name. */
const PROBE = `
import { readFileSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { connect } from "node:net";
const { files, own, names, port, root, out } = JSON.parse(atob("INPUT"));
const how = async (work) => {
  try { await work(); return "done"; } catch (error) { return error.code ?? error.name; }
};
const all = async (list, work) => Promise.all(list.map((one) => how(() => work(one))));
const socket = () => new Promise((resolve, reject) => connect(port, "127.0.0.1", resolve).on("error", reject));
const result = {
  reads: await all(files, (file) => Deno.readTextFile(file)),
  nodeReads: await all(files, (file) => readFileSync(file)),
  lists: await all([root, "/", "/proc", "/tmp"], async (place) => { for await (const _ of Deno.readDir(place)); }),
  owns: await all(own, (file) => Deno.readTextFile(file)),
  writes: await all(out, (file) => Deno.writeTextFile(file, "x")),
  nodeWrites: await all(out, (file) => writeFileSync(file, "x")),
  removes: await all(out, (file) => Deno.remove(file)),
  runs: await all(["id", "/bin/sh"], (program) => new Deno.Command(program).output()),
  nodeRuns: [spawnSync("id").status === 0 ? "done" : "EPERM"],
  kills: await all([1, Deno.ppid], (pid) => Deno.kill(pid, "SIGCONT")),
  connects: [await how(() => Deno.connect({ hostname: "127.0.0.1", port })), await how(socket),
    await how(() => fetch("http://127.0.0.1:" + port, { signal: AbortSignal.timeout(300) }))],
  listens: [await how(() => Deno.listen({ hostname: "127.0.0.1", port: 0 }).close())],
  native: await all(["libc.so.6", "/lib/x86_64-linux-gnu/libc.so.6"], (file) => Deno.dlopen(file, {})),
  imports: await all([root + "tasks/roles.ts", "https://example.com/mod.ts"], (file) => import(file)),
  system: await all(["osRelease", "loadavg", "osUptime"], (name) => Deno[name]()),
  reveals: names.filter((name) => Deno.env.get(name) !== undefined),
  everything: await how(() => Deno.env.toObject()),
};
console.log(JSON.stringify(result));
Deno.exit();`;

type Result = Record<string, string[]>;

/** Tries in a process's place, with all the shop's secrets around it, what it must not. */
async function attempt(process: Process): Promise<{ result: Result; files: string[] }> {
  const all = surroundings(process);
  const environment = environmentFor(process, all);
  const another = PROCESSES.find(({ name }) => name !== process.name)?.name ?? "";
  const service = SERVICES.find((name) => name !== process.name) ?? "";
  const files = [
    "/etc/passwd",
    "/etc/hosts",
    "/proc/self/environ",
    "/proc/1/cmdline",
    ...[".env.example", "deno.json", "tasks/processes.ts", "proto/buf.yaml", ".git/config"].map((file) => ROOT + file),
    join(folder, "secrets.json"),
    join(folder, "tls", another, "tls.key"),
    ...Deno.readDirSync(join(ROOT, "db/migrations", service)).map(({ name }) =>
      join(ROOT, "db/migrations", service, name)
    ).take(1),
  ];
  const own = process.name === "admin" ? [] : [join(folder, "tls", process.name, "tls.key")];
  const out = [join(folder, "written"), join(folder, "tls", process.name, "tls.key"), `${ROOT}node_modules/written`];
  const allowed = environmentNames(process);
  const names = [...Object.keys(all), "PATH", "HOME", "USER"].filter((name) => !allowed.includes(name));
  const { port } = elsewhere.addr;
  const program = PROBE.replace("INPUT", btoa(JSON.stringify({ files, own, names, port, root: ROOT, out })));
  const child = new Deno.Command(Deno.execPath(), {
    args: denoArguments(process, environment).map((argument) => argument === process.main ? "-" : argument),
    cwd: ROOT,
    clearEnv: true,
    env: { ...baseEnvironment(), ...all },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(program));
  await writer.close();
  const { stdout, stderr } = await child.output();
  const text = new TextDecoder().decode(stdout);
  if (!text) throw new Error(new TextDecoder().decode(stderr));
  return { result: JSON.parse(text), files };
}

/** How Deno says no; a file that may not be read is said not to be there. */
const REFUSED = /^(NotCapable|EACCES|EPERM|ERR_ACCESS_DENIED|PermissionDenied)$/;
const HIDDEN = /^(NotCapable|EACCES|EPERM|NotFound|ENOENT|ERR_ACCESS_DENIED)$/;

describe("every process, in its sandbox", () => {
  for (const process of PROCESSES) {
    it(`${process.name} gets at nothing that the table does not give it`, async () => {
      const { result, files } = await attempt(process);
      const { reads = [], nodeReads = [], reveals, connects = [], owns, imports = [], ...rest } = result;
      const read = files.filter((_, index) => !HIDDEN.test(reads[index] ?? "") || !HIDDEN.test(nodeReads[index] ?? ""));
      expect(read).toEqual([]);
      expect(reveals).toEqual([]);
      expect(owns).toEqual(process.name === "admin" ? [] : ["done"]);
      expect(imports.filter((how) => how === "done")).toEqual([]);
      // The sender of webhooks may connect anywhere, and for that has nothing that is worth taking.
      const reached = connects.filter((how) => !REFUSED.test(how));
      expect(reached.length > 0).toBe(process.openNet === true);
      const { lists = [], listens, everything: _, ...others } = rest;
      expect(lists.filter((how) => !HIDDEN.test(how))).toEqual([]);
      if (!process.openNet) expect(listens?.filter((how) => !REFUSED.test(how))).toEqual([]);
      const done = Object.entries(others).flatMap(([what, list]) =>
        list.filter((how) => !REFUSED.test(how)).map((how) => `${what}: ${how}`)
      );
      expect(done).toEqual([]);
    });
  }

  it("has one that may load native code, and it only from its libraries", () => {
    expect(PROCESSES.filter(({ ffi }) => ffi)).toEqual([processNamed("user")]);
  });
});

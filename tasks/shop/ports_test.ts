import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { findPort, isFree, takeExactly, takePort } from "./ports.ts";

describe("takePort()", () => {
  it("gives the preferred port once, then another", () => {
    const preferred = findPort();
    expect(takePort(preferred)).toBe(preferred);
    expect(takePort(preferred)).not.toBe(preferred);
  });

  it("gives another port when something listens on the preferred one", () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    expect(isFree(port)).toBe(false);
    expect(takeExactly(port)).toBe(false);
    expect(takePort(port)).not.toBe(port);
    listener.close();
  });

  it("finds another port each time", () => {
    const ports = Array.from({ length: 150 }, findPort);
    expect(new Set(ports).size).toBe(150);
  });

  it("seeks where no other process does", async () => {
    const script = `import { takePort } from "${new URL("./ports.ts", import.meta.url)}";
      console.log(Math.floor(takePort() / 100)); await new Promise(() => setInterval(() => {}, 1000));`;
    const others = Array.from({ length: 3 }, () => run(script));
    const parts = await Promise.all(others.map(said));
    parts.push(String(Math.floor(takePort() / 100)));
    expect(new Set(parts).size).toBe(4);
    for (const other of others) await end(other);
  });

  it("leaves a port alone that another process has chosen but not yet opened", async () => {
    const port = findPort();
    const script = `import { takeExactly } from "${new URL("./ports.ts", import.meta.url)}";
      console.log(takeExactly(${port})); await new Promise(() => setInterval(() => {}, 1000));`;
    const other = run(script);
    expect(await said(other)).toBe("true");
    expect(takeExactly(port)).toBe(false);
    await end(other);
    expect(takeExactly(port)).toBe(true);
  });
});

function run(script: string): Deno.ChildProcess {
  const args = ["eval", "--quiet", script];
  return new Deno.Command(Deno.execPath(), { args, stdout: "piped", stderr: "null" }).spawn();
}

async function said(process: Deno.ChildProcess): Promise<string> {
  const { value } = await process.stdout.getReader().read();
  return new TextDecoder().decode(value).trim();
}

async function end(process: Deno.ChildProcess): Promise<void> {
  process.kill("SIGKILL");
  await process.status;
}

import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { fileURLToPath } from "node:url";
import { denoArguments, type Environment, environmentFor, processNamed } from "./processes.ts";
import { baseEnvironment } from "./shop/children.ts";
import { findPort } from "./shop/ports.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const deliver = processNamed("deliver");

/** Everything that a shop's starter knows, cut down to what the sender of webhooks is given. */
function given(): Environment {
  return environmentFor(deliver, {
    ENVIRONMENT: "development",
    HOST: "127.0.0.1",
    PORT: String(findPort()),
    HTTP_PORT: String(findPort()),
    DATABASE_URL: Deno.env.get("TEST_DATABASE_URL"),
    DATABASE_ROLE_SECRET: "secret",
    JWT_SECRET: "secret",
  });
}

/** Runs a program as the sender of webhooks runs, even with secrets in its surroundings. */
async function inItsPlace(program: string): Promise<unknown> {
  const environment = given();
  const args = denoArguments(deliver, environment).map((argument) => argument === deliver.main ? "-" : argument);
  const child = new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    clearEnv: true,
    env: { ...baseEnvironment(), ...environment, DATABASE_URL: "postgres://secret", JWT_SECRET: "secret" },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(program));
  await writer.close();
  return JSON.parse(new TextDecoder().decode((await child.output()).stdout));
}

describe("the sender of webhooks, in its sandbox", () => {
  it("reads no file and no variable, writes nothing, runs nothing", async () => {
    const attempts = await inItsPlace(`
      const attempt = async (work) => {
        try { return (await work()) ?? "undefined"; } catch (error) { return error.name; }
      };
      console.log(JSON.stringify(await Promise.all([
        () => Deno.readTextFile("/etc/passwd"),
        () => Deno.readTextFile("./.env.example"),
        () => Deno.readTextFile("./proto/buf.yaml"),
        () => Deno.readTextFile("/proc/self/environ"),
        () => Deno.writeTextFile("/tmp/written", ""),
        () => new Deno.Command("id").output(),
        () => Deno.env.get("JWT_SECRET"),
        () => Deno.env.get("DATABASE_URL"),
        () => Deno.env.get("PATH"),
        () => Deno.env.get("ENVIRONMENT"),
      ].map(attempt))));
    `);
    const [hidden, refused] = ["NotFound", "NotCapable"];
    expect(attempts).toEqual([
      ...[hidden, hidden, hidden, hidden, refused, refused],
      ...["undefined", "undefined", "undefined", "development"],
    ]);
  });

  it("starts with no more than that, and says that it is ready", async () => {
    const environment = given();
    const child = new Deno.Command(Deno.execPath(), {
      args: denoArguments(deliver, environment),
      cwd: ROOT,
      clearEnv: true,
      env: { ...baseEnvironment(), ...environment },
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      const ready = async () => {
        const response = await fetch(`http://127.0.0.1:${environment.HTTP_PORT}/readyz`).catch(() => undefined);
        await response?.body?.cancel();
        return response?.ok ?? false;
      };
      let answered = false;
      for (let tries = 0; tries < 600 && !answered; tries++) {
        answered = await ready();
        if (!answered) await new Promise((resolve) => setTimeout(resolve, 50));
      }
      expect(answered).toBe(true);
    } finally {
      child.kill("SIGTERM");
      expect((await child.status).code).toBe(0);
    }
  });

  it("does not start in production with leave to send inside", async () => {
    const environment = { ...given(), ENVIRONMENT: "production", WEBHOOK_ALLOW_PRIVATE: "true" };
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: denoArguments(deliver, environment),
      cwd: ROOT,
      clearEnv: true,
      env: { ...baseEnvironment(), ...environment },
    }).output();
    expect([code, new TextDecoder().decode(stderr)]).toEqual([1, expect.stringContaining("WEBHOOK_ALLOW_PRIVATE")]);
  });
});

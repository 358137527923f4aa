import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import deno from "../../deno.json" with { type: "json" };
import { usageOf } from "./usage.ts";

const ROOT = new URL("../../", import.meta.url);

/** Runs a task as one does who does not know it, where it could do nothing. */
async function run(file: string, ...args: string[]) {
  const command = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--allow-read",
      "--allow-env",
      "--allow-sys",
      new URL(file, ROOT).pathname,
      ...args,
    ],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  });
  const { code, stdout, stderr } = await command.output();
  return { code, out: new TextDecoder().decode(stdout), error: new TextDecoder().decode(stderr) };
}

describe("usageOf()", () => {
  it("is a file's first comment as it reads", () => {
    expect(usageOf("/**\n * `deno task x [--y]`: does\n * it.\n */\n/** Not this. */")).toBe(
      "deno task x [--y]: does\nit.",
    );
  });

  for (const [name, command] of Object.entries(deno.tasks)) {
    it(`is there for \`deno task ${name}\``, () => {
      const file = /tasks\/\w+\.ts/.exec(command)?.[0] ?? "";
      const [task] = name === "audit:verify" || name === "admin:dev" ? [name] : name.split(":");
      expect(usageOf(Deno.readTextFileSync(new URL(file, ROOT)))).toContain(`deno task ${task}`);
    });
  }
});

describe("a task", () => {
  for (const file of ["tasks/certs.ts", "tasks/backup.ts", "tasks/migrate.ts"]) {
    it(`does nothing but say how ${file} is used where it is asked by --help`, async () => {
      const { code, out, error } = await run(file, "--help");
      expect([code, error]).toEqual([0, ""]);
      expect(out).toBe(`${usageOf(Deno.readTextFileSync(new URL(file, ROOT)))}\n`);
    });
  }

  it("says how it is used where it does not know an argument, without a stack", async () => {
    const { code, error } = await run("tasks/certs.ts", "--day", "3");
    expect(code).toBe(1);
    expect(error).toMatch(/'--day'[\s\S]*deno task certs \[--dir <folder>\]/);
    expect(error).not.toContain("    at ");
  });

  for (
    const [file, ...args] of [
      ["tasks/start.ts", "--production"],
      ["tasks/stop.ts", "all"],
      ["tasks/migrate.ts", "--dry-run"],
      ["tasks/seed.ts", "--dry-run"],
      ["tasks/backup.ts", "--quiet"],
      ["tasks/backup.ts", "one", "two"],
      ["tasks/restore.ts", "one", "two"],
      ["tasks/logs.ts", "--tail"],
      ["tasks/doctor.ts", "order"],
      ["tasks/audit.ts", "--fix"],
      ["tasks/proto.ts", "--chek"],
      ["tasks/admin_dev.ts", "8082"],
    ] as const
  ) {
    it(`does nothing where it does not know an argument: ${file} ${args.join(" ")}`, async () => {
      const { code, out, error } = await run(file, ...args);
      expect([code, out]).toEqual([1, ""]);
      expect(error).toContain(`'${args.at(-1)}'`);
      expect(error).toContain("deno task ");
    });
  }

  it("says what is wrong with an argument, without a stack", async () => {
    const { code, error } = await run("tasks/certs.ts", "--days", "0");
    expect([code, error]).toEqual([1, "Cannot make certificates as --days must be from 1 to 365.\n"]);
  });
});

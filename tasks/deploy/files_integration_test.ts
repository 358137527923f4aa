import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { createRequire } from "node:module";
import { join } from "node:path";
import { parse } from "yaml";
import { PROCESSES } from "../processes.ts";
import { IMAGES } from "../image/contents.ts";
import { debianProgram } from "../test/debian_program.ts";
import { ROOT } from "./render.ts";

const read = (name: string) => Deno.readTextFileSync(join(ROOT, name));

describe("Dockerfile", () => {
  it("passes its linter", () => {
    const linter = createRequire(import.meta.url)("dockerfilelint") as {
      run(folder: string, content: string): { line: string; category: string; title: string }[];
    };
    const file = read("Dockerfile");
    // It does not know that a stage may be made from an earlier one, nor HEALTHCHECK's --start-interval.
    const stages = [...file.matchAll(/^FROM .* AS (\w+)$/gm)].map(([, name]) => name);
    const known = file.split("\n").flatMap((line, index) =>
      stages.includes(line.split(" ")[1]) || line.startsWith("HEALTHCHECK") ? [index + 1] : []
    );
    const found = linter.run(ROOT, file).filter(({ line }) => !known.includes(Number(line)));
    expect(found).toEqual([]);
  });

  it("has the Deno of this project", () => {
    expect(read("Dockerfile")).toContain(`denoland/deno:bin-${Deno.version.deno} `);
  });
});

interface Service {
  image: string;
  build?: { args: { IMAGE: string } };
  ports?: string[];
  profiles?: string[];
  mem_limit?: string;
  read_only?: boolean;
  environment?: Record<string, string>;
}

describe("compose.yaml", () => {
  it("is valid, in every profile", async () => {
    const program = await debianProgram("docker-compose");
    const profiles = ["--profile", "monitoring", "--profile", "mail"];
    const { success, stderr } = await new Deno.Command(program, {
      args: ["--file", join(ROOT, "compose.yaml"), ...profiles, "config", "--quiet"],
    }).output();
    expect([success, new TextDecoder().decode(stderr)]).toEqual([true, ""]);
  });

  const { services } = parse(read("compose.yaml"), { merge: true }) as { services: Record<string, Service> };

  it("runs every process and the migration, each from its image, unable to write", () => {
    const built = Object.entries(services).filter(([, { build }]) => build);
    expect(built.map(([name, { build }]) => [name, build?.args.IMAGE]).sort()).toEqual(
      IMAGES.map((name) => [name, name]).sort(),
    );
    expect(built.filter(([, { read_only, mem_limit }]) => !read_only || !mem_limit)).toEqual([]);
  });

  it("opens ports to this machine only, and takes exact images", () => {
    const ports = Object.values(services).flatMap(({ ports = [] }) => ports);
    expect(ports.length).toBeGreaterThan(3);
    expect(ports.filter((port) => !port.startsWith("127.0.0.1:"))).toEqual([]);
    const images = Object.values(services).filter(({ build }) => !build).map(({ image }) => image);
    expect(images.filter((image) => !/:v?\d+\.\d+/.test(image))).toEqual([]);
  });

  it("has the servers that .env.example names", () => {
    const example = read(".env.example");
    const [, url = ""] = /^#DATABASE_URL=(.*)$/m.exec(example) ?? [];
    const { username, password, port, pathname } = new URL(url);
    const { environment = {}, ports = [] } = services.postgres ?? {};
    expect([username, pathname]).toEqual([environment.POSTGRES_USER, `/${environment.POSTGRES_DB}`]);
    expect([environment.POSTGRES_PASSWORD, ports[0]]).toEqual([
      `\${POSTGRES_PASSWORD:-${password}}`,
      `127.0.0.1:${port}:5432`,
    ]);
    const [, redis = ""] = /^#REDIS_URL=(.*)$/m.exec(example) ?? [];
    expect(services.redis?.ports).toEqual([`127.0.0.1:${new URL(redis).port}:6379`]);
  });

  it("gives each process every address that it needs", () => {
    for (const { name, neighbours } of PROCESSES) {
      const given = Object.keys(services[name]?.environment ?? {});
      expect(given).toEqual(expect.arrayContaining(neighbours.map((to) => `${to.toUpperCase()}_SERVICE_URL`)));
    }
  });

  it("hands the settings of .env on to the processes that read them", () => {
    // Start's own, and what names a build elsewhere.
    const others = ["MAIL_DIR", "DENO_DEPLOYMENT_ID", "GITHUB_SHA", "CI_COMMIT_SHA"];
    for (const { name, variables } of PROCESSES) {
      const given = Object.keys(services[name]?.environment ?? {});
      expect(given).toEqual(expect.arrayContaining(variables.filter((variable) => !others.includes(variable))));
    }
  });
});

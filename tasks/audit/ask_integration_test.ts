import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { fileURLToPath } from "node:url";
import { lockedPackages } from "./ask.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const LOCK = Deno.readTextFileSync(`${ROOT}/deno.lock`);
const PATH = "/-/npm/v1/security/advisories/bulk";
const ADVISORY = {
  id: 1,
  url: "https://registry.example/advisories/1",
  title: "Prototype pollution",
  severity: "high",
  vulnerable_versions: "<99.0.0",
  cwe: ["CWE-1321"],
  cvss: { score: 7.4, vectorString: null },
};

describe("deno task audit", () => {
  /** A registry that answers as npm's does, or as its path says. */
  let registry: Deno.HttpServer<Deno.NetAddr>;
  const asked: Record<string, string[]>[] = [];
  before(() => {
    registry = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
      const { pathname } = new URL(request.url);
      if (request.method !== "POST" || !pathname.endsWith(PATH)) return new Response(null, { status: 404 });
      const packages = await request.json();
      asked.push(packages);
      switch (pathname.slice(0, -PATH.length)) {
        case "/clean":
          return Response.json({});
        case "/knows":
          return Response.json({ zod: [ADVISORY] });
        case "/garbage":
          return new Response("<html>welcome</html>");
        case "/other":
          return Response.json({ zod: "all is well" });
        default:
          return new Response(null, { status: 405 });
      }
    });
  });
  after(() => registry?.shutdown());

  async function audit(place: string): Promise<{ code: number; text: string }> {
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "-P=tasks", "tasks/audit.ts"],
      cwd: ROOT,
      env: { NPM_CONFIG_REGISTRY: place },
      stdin: "null",
      stderr: "inherit",
    }).output();
    return { code, text: new TextDecoder().decode(stdout) };
  }
  const at = (path: string) => audit(`http://127.0.0.1:${registry.addr.port}/${path}/`);

  it("ends by 0 where nothing is known, having asked for every release that is locked", async () => {
    expect(await at("clean")).toEqual({ code: 0, text: expect.stringMatching(/none of \d{3} packages is known/) });
    expect(asked.at(-1)).toEqual(lockedPackages(LOCK));
    expect(Object.keys(asked.at(-1) ?? {})).toEqual(expect.arrayContaining(["zod", "@grpc/grpc-js", "pg"]));
  });

  it("ends by 1 where something is, and names it", async () => {
    const { code, text } = await at("knows");
    expect(code).toBe(1);
    expect(text).toMatch(/^zod@4\.[\d.]+ {2}high: Prototype pollution \(<99\.0\.0\) https:\/\/registry\.example/);
  });

  it("ends by 2, and says why, where the registry does not answer the question", async () => {
    for (const [path, why] of [["refuses", /405/], ["garbage", /no list/], ["other", /no list/]] as const) {
      const { code, text } = await at(path);
      expect([path, code, text]).toEqual([path, 2, expect.stringMatching(/NOT DONE/)]);
      expect(text).toMatch(why);
    }
    expect((await audit("http://127.0.0.1:1/")).code).toBe(2);
  });
});

describe("lockedPackages()", () => {
  it("reads names with a scope and versions with peers, each once", () => {
    const keys = ["@a/b@1.0.0_c@2.0.0", "@a/b@1.0.0_c@3.0.0", "c@2.0.0-beta.1", "c@3.0.0"];
    const lock = JSON.stringify({ npm: Object.fromEntries(keys.map((key) => [key, {}])) });
    expect(lockedPackages(lock)).toEqual({ "@a/b": ["1.0.0"], c: ["2.0.0-beta.1", "3.0.0"] });
  });

  it("refuses what it can't read rather than to leave it out", () => {
    expect(() => lockedPackages('{"npm":{"nonsense":{}}}')).toThrow("nonsense");
  });
});

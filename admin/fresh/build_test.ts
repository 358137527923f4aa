import { join } from "node:path";
import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { Builder } from "fresh/dev";
import { SITE } from "./fixtures/site.ts";

/** Least permissions: what is built and static, the network; the names are those that the real Fresh reads. */
const PERMISSIONS = [
  "--no-prompt",
  "--allow-net=127.0.0.1",
  `--allow-read=${join(SITE, "_fresh")},${join(SITE, "static")}`,
  "--allow-env=DENO_DEPLOYMENT_ID,GITHUB_SHA,CI_COMMIT_SHA",
];

describe("a build on disk, served by a process that may only read it", () => {
  let process: Deno.ChildProcess;
  let origin: string;
  const ask = (path: string, init?: RequestInit) => fetch(origin + path, init);

  before(async () => {
    await new Builder({ root: SITE }).build();
    process = new Deno.Command(Deno.execPath(), {
      args: ["run", ...PERMISSIONS, join(SITE, "serve.ts")],
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
      origin = `http://127.0.0.1:${text.trim()}`;
      break;
    }
  });

  after(async () => {
    process?.kill();
    await process?.status;
  });

  it("serves pages", async () => {
    const response = await ask("/orders/17");
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining("<h1>Order 17 of")]);
  });

  it("serves islands' scripts, to be kept for good", async () => {
    const urls = (await (await ask("/islands")).text()).match(/"\/_fresh\/js\/[^"]*"/g) ?? [];
    expect(urls.length).toBeGreaterThan(1);
    for (const url of urls) {
      const response = await ask(JSON.parse(url));
      expect([response.status, response.headers.get("Cache-Control")]).toEqual([
        200,
        expect.stringContaining("immutable"),
      ]);
      await response.body?.cancel();
    }
  });

  it("answers 304 to who has a static file already", async () => {
    const first = await ask("/styles.css");
    const tag = first.headers.get("ETag") ?? "";
    expect(tag).toMatch(/^W\/"\w+"$/);
    expect(await first.text()).toBe(await Deno.readTextFile(join(SITE, "static/styles.css")));
    expect((await ask("/styles.css", { headers: { "If-None-Match": tag } })).status).toBe(304);
  });

  it("serves no source", async () => {
    for (const path of ["/..%2fmain.ts", "/img/..%2f..%2fmain.ts", "/main.ts"]) {
      const response = await ask(path);
      expect(response.status).toBe(404);
      await response.body?.cancel();
    }
  });
});

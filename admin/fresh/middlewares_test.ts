import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { App, csp, csrf } from "fresh";
import { ask, html } from "./fixtures/site.ts";

describe("csrf()", () => {
  const own = "http://localhost";
  const cases: [method: string, headers: Record<string, string>, status: number][] = [
    ["GET", { Origin: "https://evil.test", "Sec-Fetch-Site": "cross-site" }, 200],
    ["POST", {}, 200],
    ["POST", { Origin: own }, 200],
    ["POST", { "Sec-Fetch-Site": "same-origin" }, 200],
    ["POST", { "Sec-Fetch-Site": "none" }, 200],
    ["POST", { "Sec-Fetch-Site": "cross-site", Origin: own }, 200],
    ["POST", { "Sec-Fetch-Site": "cross-site" }, 403],
    ["POST", { "Sec-Fetch-Site": "same-site", Origin: "https://shop.localhost" }, 403],
    ["POST", { Origin: "https://evil.test" }, 403],
    ["POST", { Origin: "null" }, 403],
    ["DELETE", { Origin: "https://evil.test" }, 403],
  ];
  for (const [method, headers, status] of cases) {
    it(`answers ${status} to ${method} with ${JSON.stringify(headers)}`, async () => {
      const app = new App().use(csrf()).all("/", (ctx) => ctx.text("done"));
      expect((await app.handler()(new Request(own, { method, headers }))).status).toBe(status);
    });
  }

  it("allows the origins that it is told", async () => {
    const origins = [
      "https://a.test",
      ["https://b.test", "https://a.test"],
      (origin: string) => origin === "https://a.test",
    ];
    for (const origin of origins) {
      const handle = new App().use(csrf({ origin })).all("/", (ctx) => ctx.text("done")).handler();
      const status = async (from: string) =>
        (await handle(new Request(own, { method: "POST", headers: { Origin: from } }))).status;
      expect([await status("https://a.test"), await status(own)]).toEqual([200, 403]);
    }
  });
});

describe("csp()", () => {
  const policyOf = (response: Response) => response.headers.get("Content-Security-Policy") ?? "";

  it("allows each page's scripts and styles by one nonce of its own", async () => {
    const nonces: string[] = [];
    for (let i = 0; i < 2; i++) {
      const response = await ask("/");
      const nonce = /script-src 'self' 'nonce-(\w+)'/.exec(policyOf(response))?.[1] ?? "none";
      const text = await response.text();
      expect(policyOf(response)).toContain(`style-src 'self' 'nonce-${nonce}'`);
      expect(policyOf(response)).not.toContain("unsafe-inline");
      expect(text).toContain(`<style nonce="${nonce}">`);
      expect(text).toContain(`<script type="application/json" nonce="${nonce}">`);
      nonces.push(nonce);
    }
    expect(nonces[0]).not.toBe(nonces[1]);
  });

  it("gives islands' script the nonce too", async () => {
    const response = await ask("/islands");
    const nonce = /'nonce-(\w+)'/.exec(policyOf(response))?.[1];
    expect(await response.text()).toContain(`<script type="module" nonce="${nonce}">`);
  });

  it("falls back to 'unsafe-inline' where nothing was rendered", async () => {
    expect(policyOf(await ask("/orders?anonymous"))).toContain("script-src 'self' 'unsafe-inline'");
  });

  it("always asks for https, refuses frames and objects", async () => {
    const policy = policyOf(await ask("/"));
    for (
      const part of ["upgrade-insecure-requests", "frame-ancestors 'none'", "object-src 'none'", "default-src 'self'"]
    ) {
      expect(policy).toContain(part);
    }
  });

  it("takes further directives, and reports", async () => {
    const options = { csp: ["img-src *", "child-src 'none'"], reportOnly: true, reportTo: "/reports" };
    const handle = new App().use(csp(options)).get("/", (ctx) => ctx.text("")).handler();
    const { headers } = await handle(new Request("http://localhost/"));
    const policy = headers.get("Content-Security-Policy-Report-Only") ?? "";
    expect(policy).toContain("; img-src *; child-src 'none'; report-to csp-endpoint; report-uri /reports");
    expect(policy).not.toContain("img-src 'self'");
    expect(headers.get("Reporting-Endpoints")).toBe('csp-endpoint="/reports"');
  });
});

describe("staticFiles()", () => {
  const lockedStyles = async () => /"(\/styles\.css\?__frsh_c=\w+)"/.exec(await html("/"))?.[1] ?? "";

  it("serves a file to be kept for good where the URL names this build", async () => {
    const response = await ask(await lockedStyles());
    expect(response.status).toBe(200);
    expect(response.headers.get("Cache-Control")).toBe("public, max-age=31536000, immutable");
    expect(response.headers.get("Content-Type")).toMatch(/^text\/css; charset=utf-8$/i);
    expect(await response.text()).toContain("body");
  });

  it("redirects from another build's URL to the plain one", async () => {
    const response = await ask("/styles.css?__frsh_c=old");
    expect([response.status, response.headers.get("location")]).toEqual([307, "/styles.css"]);
  });

  it("has plain URLs asked for each time", async () => {
    expect((await ask("/styles.css")).headers.get("Cache-Control")).toContain("no-store");
  });

  it("answers HEAD without body, POST with 405, and leaves the rest to the routes", async () => {
    const head = await ask("/styles.css", { method: "HEAD" });
    const size = String((await html("/styles.css")).length);
    expect([head.status, head.headers.get("Content-Length"), await head.text()]).toEqual([200, size, ""]);
    expect((await ask("/styles.css", { method: "POST" })).status).toBe(405);
    expect((await ask("/nothing.css")).status).toBe(404);
    expect(await html("/favicon.ico")).toBe("");
  });

  it("serves nothing from outside", async () => {
    for (const path of ["/..%2fmain.ts", "/%2e%2e/main.ts", "/img/..%2f..%2fmain.ts", "/%00", "/%"]) {
      expect((await ask(path)).status).toBeGreaterThanOrEqual(400);
    }
  });

  it("locks images by itself", async () => {
    expect(await html("/")).toMatch(/<img src="\/img\/logo\.svg\?__frsh_c=\w+"/);
  });
});

import { expect } from "@std/expect";
import { before, describe, it } from "@std/testing/bdd";
import { seal } from "./seal.ts";
import { openConsole } from "./testing.ts";

describe("the console", () => {
  let ask: (path: string, init?: RequestInit) => Promise<Response>;

  before(async () => {
    const handle = await openConsole();
    ask = (path, init) => handle(new Request(`http://localhost${path}`, init));
  });

  it("renders its error pages within the policy", async () => {
    const crossSite = { method: "POST", headers: { Origin: "https://evil.test" } };
    for (const [path, init, status] of [["/nowhere", {}, 404], ["/", crossSite, 403]] as const) {
      const response = await ask(path, init);
      expect([path, response.status]).toEqual([path, status]);
      expect(response.headers.get("Content-Security-Policy")).toContain("'nonce-");
      expect(await response.text()).toContain("<title>Nano</title>");
    }
  });

  it("keeps what was typed for another try while the gateway is away, but no password", async () => {
    const session = { access_token: "a", refresh_token: "r", expire_time: Date.now() + 60_000 };
    const headers = { Cookie: `nano_session=${await seal("session", session)}` };
    const send = async (path: string, fields: Record<string, string>) => {
      const body = String(new URLSearchParams(fields));
      const form = { "Content-Type": "application/x-www-form-urlencoded", "Content-Length": String(body.length) };
      const response = await ask(path, { method: "POST", body, headers: { ...headers, ...form } });
      return [response.status, await response.text()] as const;
    };
    const [status, html] = await send("/products/new?store=s", { name: 'A "cup"', price: "12.34" });
    expect(status).toBe(503);
    for (const kept of ['action="/products/new?store=s"', 'name="name" value="A &quot;cup&quot;"', "Send it again"]) {
      expect(html).toContain(kept);
    }
    const [, secret] = await send("/profile", { password: "to be kept by nobody" });
    expect([secret.includes("kept by nobody"), secret.includes("Send it again")]).toEqual([false, false]);
  });

  it("answers 400 to what is no form", async () => {
    const bodies = [["application/json", "{}"], ["multipart/form-data", "--x"], ["", "a=b"]] as const;
    for (const path of ["/login", "/forgot-password", "/reset-password", "/verify-email", "/invitation", "/theme"]) {
      for (const [type, body] of bodies) {
        const headers = { "Content-Type": type };
        const response = await ask(path, { method: "POST", body: new TextEncoder().encode(body), headers });
        expect([path, type, response.status]).toEqual([path, type, 400]);
        expect(await response.text()).toContain("This is not a form that can be read.");
      }
    }
  });
});

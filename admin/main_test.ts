import { expect } from "@std/expect";
import { before, describe, it } from "@std/testing/bdd";
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
});

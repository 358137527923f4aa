import { expect } from "@std/expect";
import { before, describe, it } from "@std/testing/bdd";
import { Builder } from "fresh/dev";
import { app } from "./main.ts";

describe("the console", () => {
  let ask: (path: string, init?: RequestInit) => Promise<Response>;

  before(async () => {
    const apply = await new Builder({ root: import.meta.dirname ?? "." }).build({ snapshot: "memory" });
    apply(app);
    const handle = app.handler();
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

import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { ask, html } from "./fixtures/site.ts";

describe("islands", () => {
  it("are rendered on the server, their JSX too", async () => {
    const text = await html("/islands");
    expect(text).toMatch(/<button id="first" type="button">Count: (<!--[^>]*-->)?3/);
    expect(text).toContain("<em>Slot title</em>");
    expect(text).toMatch(/<template [^>]*><p>Slot text<\/p>/);
  });

  it("bring one script with what they need, and nothing that ends it early", async () => {
    const response = await ask("/islands");
    const text = await response.text();
    expect(text.match(/<script/g)).toHaveLength(1);
    expect(text.match(/<\/script/g)).toHaveLength(1);
    expect(text.match(/<!--/g)?.length).toBe(text.match(/-->/g)?.length);
    expect(response.headers.get("Link")).toMatch(/^<\/_fresh\/js\/.*>; rel="modulepreload"; as="script"/);
  });

  it("have scripts that may be kept for good", async () => {
    const urls = (await html("/islands")).match(/"\/_fresh\/js\/[^"]*"/g) ?? [];
    expect(urls.length).toBeGreaterThan(1);
    for (const url of urls) {
      const response = await ask(JSON.parse(url));
      expect([url, response.status]).toEqual([url, 200]);
      expect(response.headers.get("Cache-Control")).toContain("immutable");
      expect(response.headers.get("Content-Type")).toMatch(/^text\/javascript/);
      await response.body?.cancel();
    }
  });

  it("given a function answer 500", async () => {
    expect((await ask("/function_prop")).status).toBe(500);
  });
});

describe("pages without islands", () => {
  it("carry no script", async () => {
    for (const path of ["/orders", "/form", "/plain", "/nowhere"]) {
      const response = await ask(path);
      expect([path, response.headers.get("Link"), (await response.text()).includes("<script")]).toEqual([
        path,
        null,
        false,
      ]);
    }
  });
});

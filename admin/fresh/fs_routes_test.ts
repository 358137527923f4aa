import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { ask, html } from "./fixtures/site.ts";

const form = (name: string): RequestInit => ({
  method: "POST",
  body: new URLSearchParams({ name }),
  headers: { Origin: "http://localhost" },
});

describe("file routes", () => {
  it("run their folders' middlewares, from the root down, groups included", async () => {
    expect((await ask("/orders")).headers.get("X-Trail")).toBe("main, console 1, console 2, orders");
  });

  it("end at a middleware that answers itself", async () => {
    const response = await ask("/orders?anonymous");
    expect([response.status, response.headers.get("location")]).toEqual([302, "/"]);
  });

  it("have layouts of their folders within _app", async () => {
    expect(await html("/orders")).toContain(
      '<section data-trail="main, console 1, console 2, orders"><p>Row</p></section>',
    );
  });

  it("prefer names to parameters", async () => {
    expect(await html("/orders/new")).toContain("<h1>New order</h1>");
    expect(await html("/orders/17")).toContain("<h1>Order 17 of /orders/:id</h1>");
  });

  it("may name another pattern in their config", async () => {
    expect(await html("/moved/12")).toBe("12");
    expect((await ask("/moved")).status).toBe(404);
  });

  it("may do without _app and layouts", async () => {
    expect(await html("/plain")).toContain("<body><p>plain</p></body>");
  });

  it("answer 404, not 405, to a method without handler, OPTIONS too", async () => {
    for (const method of ["PUT", "DELETE", "OPTIONS"]) {
      expect([method, (await ask("/form", { method })).status]).toEqual([method, 404]);
    }
  });

  it("answer HEAD as GET without body, and any method where there is only a page", async () => {
    const head = await ask("/form", { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    expect((await ask("/", { method: "POST" })).status).toBe(200);
  });

  it("answer 404 to unknown URLs without asking the folders' middlewares", async () => {
    const response = await ask("/nowhere?anonymous");
    expect([response.status, await response.text()]).toEqual([404, expect.stringContaining("<h1>Root: 404</h1>")]);
  });
});

describe("page()", () => {
  it("renders what a handler found, with its status and headers, of Set-Cookie the last", async () => {
    const response = await ask("/form", form(""));
    expect([response.status, response.headers.get("X-Form")]).toEqual([422, "refused"]);
    expect(response.headers.getSetCookie()).toEqual(["b=2"]);
    expect(await response.text()).toContain("<p>Name is missing</p>");
  });

  it("is left out where a handler answers a Response", async () => {
    const response = await ask("/form", form("Ann"));
    expect([response.status, response.headers.get("location")]).toEqual([303, "/"]);
  });
});

describe("_error.tsx", () => {
  it("renders what is thrown below its folder, the nearest first, with the error's status", async () => {
    const near = await ask("/errors/throws");
    expect([near.status, await near.text()]).toEqual([500, expect.stringContaining("<h1>Near: Error: oh no</h1>")]);
    const missing = await ask("/orders/missing");
    expect([missing.status, await missing.text()]).toEqual([404, expect.stringContaining("<h1>Root: 404</h1>")]);
  });

  it("of the root is outside the middlewares, so that their headers are missing", async () => {
    expect((await ask("/nowhere")).headers.has("Content-Security-Policy")).toBe(false);
    expect((await ask("/errors/throws")).headers.has("Content-Security-Policy")).toBe(true);
  });
});

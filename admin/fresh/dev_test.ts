import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { Builder } from "fresh/dev";
import { SITE } from "./fixtures/site.ts";

describe("Builder.listen()", () => {
  const stop = new AbortController();
  let origin: string;
  const ask = async (path: string) => await (await fetch(origin + path)).text();

  before(async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    const options = { hostname: "127.0.0.1", port: 0, signal: stop.signal };
    await new Builder({ root: SITE }).listen(() => import("./fixtures/site/main.ts"), {
      ...options,
      onListen: ({ port }) => resolve(port),
    });
    origin = `http://127.0.0.1:${await promise}`;
  });

  after(() => stop.abort());

  it("has every page load the client", async () => {
    expect(await ask("/orders")).toMatch(/<script type="module" nonce="\w+">import ?{ ?boot ?} ?from ?"\/_fresh\/js\//);
  });

  it("lays the error over error pages", async () => {
    expect(await ask("/errors/throws")).toContain('id="fresh-error-overlay"');
    expect(await ask("/nowhere")).not.toContain("fresh-error-overlay");
  });

  it("tells pages of its restarts by a WebSocket", async () => {
    const socket = new WebSocket(`${origin.replace("http", "ws")}/_frsh/alive`);
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.onmessage = () => socket.close();
    socket.onclose = () => resolve();
    await promise;
  });

  it("serves static files as they are now, with nothing kept", async () => {
    const response = await fetch(`${origin}/styles.css`);
    expect([response.headers.get("ETag"), response.headers.get("Cache-Control")]).toEqual([
      null,
      expect.stringContaining("no-store"),
    ]);
    expect(await response.text()).toContain("body");
  });
});

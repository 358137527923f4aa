import { after, afterEach, before, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { delay } from "../shop/children.ts";
import { Proxy } from "./proxy.ts";

describe("Proxy", () => {
  let server: Deno.HttpServer<Deno.NetAddr>;
  let proxy: Proxy;
  before(() => {
    server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => new Response("hello"));
    proxy = new Proxy({ hostname: "127.0.0.1", port: server.addr.port });
  });
  afterEach(() => proxy.pass());
  after(async () => {
    proxy.close();
    await server.shutdown();
  });

  const get = async (signal?: AbortSignal) => {
    const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
    try {
      const response = await fetch(`http://127.0.0.1:${proxy.port}/`, { client, ...(signal ? { signal } : {}) });
      return await response.text();
    } finally {
      client.close();
    }
  };

  it("passes what is sent", async () => {
    expect(await get()).toBe("hello");
  });

  it("refuses, and passes again", async () => {
    proxy.refuse();
    await expect(get()).rejects.toThrow();
    proxy.pass();
    expect(await get()).toBe("hello");
  });

  it("holds everything while frozen", async () => {
    proxy.freeze();
    const answer = get();
    expect(await Promise.race([answer, delay(100).then(() => "nothing")])).toBe("nothing");
    proxy.pass();
    expect(await answer).toBe("hello");
  });

  it("delays answers", async () => {
    proxy.delay(150);
    const began = performance.now();
    await get();
    expect(performance.now() - began).toBeGreaterThanOrEqual(145);
  });
});

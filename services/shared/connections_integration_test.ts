import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import type { ConnectionBounds } from "./config.ts";
import { serveConnections, type Server } from "./connections.ts";
import { connectionServer, type Handler } from "./deno_http.ts";
import { createLog } from "./log.ts";
import { registry } from "./metrics.ts";
import { watched } from "./streams.ts";

const log = createLog("gateway", { LOG_LEVEL: "ERROR" });
const HEAD = "GET / HTTP/1.1\r\nHost: a\r\n";
/** More than the buffers of a connection hold. */
const BIG = 16 * 1024 * 1024;

const servers: Server[] = [];
after(async () => {
  await Promise.all(servers.map((server) => server.shutdown()));
});

function serve(handler: Handler, bounds: Partial<ConnectionBounds> = {}): Server {
  const patient = { CONNECTION_LIMIT: 1_000, CONNECTION_HEAD_SECONDS: 60, CONNECTION_IDLE_SECONDS: 60 };
  const server = serveConnections({ HOST: "127.0.0.1", PORT: 0, ...patient, ...bounds }, log, handler);
  servers.push(server);
  return server;
}

async function connect({ addr }: Server, text = ""): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: addr.port });
  if (text) await connection.write(new TextEncoder().encode(text));
  return connection;
}

/** All that comes until the server ends the connection. */
async function untilCut(connection: Deno.TcpConn): Promise<string> {
  const bytes = new Uint8Array(256 * 1024);
  let text = "";
  for (let read; (read = await connection.read(bytes).catch(() => null)) !== null;) {
    if (text.length < 1_000) text += new TextDecoder().decode(bytes.subarray(0, read));
  }
  connection.close();
  return text;
}

/** What comes until an answer with this body is there. */
async function answer(connection: Deno.TcpConn, body: string): Promise<string> {
  const bytes = new Uint8Array(64 * 1024);
  let text = "";
  while (!text.endsWith(body)) {
    const read = await connection.read(bytes);
    if (read === null) throw new Error(`The connection was cut after: ${text}`);
    text += new TextDecoder().decode(bytes.subarray(0, read));
  }
  return text;
}

async function cuts(reason: string): Promise<number> {
  const line = new RegExp(`nano_http_connections_cut_total\\{reason="${reason}"\\} (\\d+)`);
  return Number(line.exec(await registry.metrics())?.[1]);
}

describe("serveConnections()", () => {
  let gone: (() => void) | undefined;
  /** Requests that are answered when all of them are let go. */
  const held: (() => void)[] = [];
  const handler: Handler = (request, info) => {
    const path = new URL(request.url).pathname;
    if (path === "/echo") return request.text().then((text) => new Response(text));
    if (path === "/late") return new Promise((resolve) => setTimeout(() => resolve(new Response("late")), 300));
    if (path === "/held") return new Promise((resolve) => held.push(() => resolve(new Response("held"))));
    if (path === "/big") return new Response(new Uint8Array(BIG));
    if (path === "/stream") return new Response(watched(endless(), info));
    if (path === "/throw") throw new Error("thrown");
    if (path === "/gone") {
      return new Promise((resolve) => {
        request.signal.addEventListener("abort", () => gone?.());
        setTimeout(() => resolve(new Response("too late")), 2_000);
      });
    }
    return new Response(`${request.method} ${info.remoteAddr.hostname}:${info.remoteAddr.port}`);
  };

  function endless(): ReadableStream<Uint8Array> {
    return new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024)) });
  }

  describe("as Deno.serve does", () => {
    let server: Server;
    before(() => void (server = serve(handler)));

    it("answers one request after the other on a connection, and knows its peer", async () => {
      const connection = await connect(server, `${HEAD}\r\n`);
      const peer = `127.0.0.1:${connection.localAddr.port}`;
      expect(await answer(connection, `GET ${peer}`)).toMatch(/^HTTP\/1.1 200 OK/);
      await connection.write(new TextEncoder().encode(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`));
      expect(await answer(connection, `POST ${peer}`)).toMatch(/^HTTP\/1.1 200 OK/);
      connection.close();
    });

    it("answers requests that come at once in their order", async () => {
      const ask = (path: string, more = "") => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
      const connection = await connect(server, ask("/late") + ask("/echo") + ask("/", "Connection: close\r\n"));
      const text = await untilCut(connection);
      expect(text.match(/HTTP\/1.1 200 OK/g)).toHaveLength(3);
      expect(text).toMatch(/late[^]*GET 127/);
    });

    it("answers HEAD with no body, what is thrown with 500, and takes bodies in chunks", async () => {
      const url = `http://127.0.0.1:${server.addr.port}`;
      const head = await fetch(url, { method: "HEAD" });
      expect([head.status, await head.text()]).toEqual([200, ""]);
      const thrown = await fetch(`${url}/throw`);
      expect([thrown.status, await thrown.text()]).toEqual([500, "Internal Server Error"]);
      const body = new Blob(["a".repeat(200_000)]).stream();
      expect((await (await fetch(`${url}/echo`, { method: "POST", body })).text()).length).toBe(200_000);
    });

    it("tells a handler that its client has gone", async () => {
      const noticed = new Promise<void>((resolve) => gone = resolve);
      const connection = await connect(server, `GET /gone HTTP/1.1\r\nHost: a\r\n\r\n`);
      await new Promise((resolve) => setTimeout(resolve, 50));
      connection.close();
      await noticed;
    });
  });

  describe("ends a connection", () => {
    let server: Server;
    before(() => void (server = serve(handler, { CONNECTION_HEAD_SECONDS: 1, CONNECTION_IDLE_SECONDS: 2 })));

    it("that sends no whole head in time, rests too long, or does not take its answer; no other", async () => {
      const before = await Promise.all(["head", "idle", "answer"].map(cuts));
      const heads = await Promise.all([connect(server), connect(server, HEAD), connect(server, "PRI * HTTP/2.0\r\n")]);
      const idle = await connect(server, `${HEAD}\r\n`);
      // The second request's head never ends.
      const half = await connect(server, `${HEAD}\r\n${HEAD}`);
      const unread = await connect(server, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
      const untaken = await connect(server, "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
      const taken = await connect(server, "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
      const busy = await connect(server, `${HEAD}\r\n`);
      expect(await Promise.all(heads.map(untilCut))).toEqual(["", "", ""]);
      const [all] = await Promise.all([
        Promise.all([untilCut(idle), untilCut(half)]),
        // These two read a little, for as long as the others wait.
        (async () => {
          for (let round = 0; round < 12; round++) {
            await taken.read(new Uint8Array(8 * 1024 * 1024));
            await answer(busy, `GET 127.0.0.1:${busy.localAddr.port}`);
            await busy.write(new TextEncoder().encode(`${HEAD}\r\n`));
            await new Promise((resolve) => setTimeout(resolve, 300));
          }
        })(),
      ]);
      expect(all).toEqual([expect.stringMatching(/200 OK/), expect.stringMatching(/200 OK/)]);
      await Promise.all([untilCut(unread), untilCut(untaken)]);
      taken.close();
      busy.close();
      const now = await Promise.all(["head", "idle", "answer"].map(cuts));
      expect(now.map((count, index) => count - (before[index] ?? 0))).toEqual([3, 3, 1]);
    });
  });

  describe("of a limited number", () => {
    it("lets who comes take the place of who has waited longest, but of nobody who is being answered", async () => {
      const server = serve(handler, { CONNECTION_LIMIT: 3 });
      const waiting = await Promise.all([connect(server, HEAD), connect(server, HEAD), connect(server)]);
      const ask = () => connect(server, `GET /held HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      const asking = await Promise.all([ask(), ask(), ask()]);
      while (held.length < 3) await new Promise((resolve) => setTimeout(resolve, 10));
      expect(await untilCut(await ask())).toBe("");
      expect(await Promise.all(waiting.map(untilCut))).toEqual(["", "", ""]);
      for (const letGo of held) letGo();
      const answers = await Promise.all(asking.map(untilCut));
      expect(answers).toEqual(Array(3).fill(expect.stringMatching(/held$/)));
      // Now there is room again.
      const next = await connect(server, `${HEAD}Connection: close\r\n\r\n`);
      expect(await untilCut(next)).toMatch(/200 OK/);
    });
  });

  describe("shutdown()", () => {
    it("answers what is under way, ends the rest, and takes no more", async () => {
      const server = serve(handler);
      const [idle, half, silent] = [await connect(server), await connect(server, HEAD), await connect(server)];
      const late = await connect(server, `GET /late HTTP/1.1\r\nHost: a\r\n\r\n`);
      await idle.write(new TextEncoder().encode(`${HEAD}\r\n`));
      await answer(idle, String(idle.localAddr.port));
      await server.shutdown();
      expect(await untilCut(late)).toMatch(/200 OK[^]*late$/);
      expect(await Promise.all([idle, half, silent].map(untilCut))).toEqual(["", "", ""]);
      await expect(connect(server)).rejects.toThrow();
    });
  });
});

describe("connectionServer()", () => {
  it("says plainly where Deno has no such server any more", () => {
    const name = Symbol("internal");
    for (const deno of [{}, { internal: name }, { internal: name, [name]: { serveHttpOnConnection: () => {} } }]) {
      expect(() => connectionServer(deno)).toThrow(
        /^Cannot serve HTTP as Deno [\d.]+ has no server .*: run it by Deno/,
      );
    }
  });
});

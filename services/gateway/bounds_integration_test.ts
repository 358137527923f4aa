import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { Hono } from "@hono/hono";
import { NanoError } from "../shared/errors.ts";
import { bounds, inTime, isTooDeep } from "./bounds.ts";
import type { Env } from "./env.ts";

/** Waits for bodies only 200 ms. */
const app = new Hono<Env>();
app.use(bounds());
app.post("/", async (c) => c.text(String((await inTime(c.req.arrayBuffer(), 200)).byteLength)));
/** Requests whose bodies are waited for as long as a test takes. */
let held = 0;
app.post("/held", async (c) => {
  held++;
  return c.text(String((await inTime(c.req.arrayBuffer(), 8_000)).byteLength));
});
app.get("*", (c) => c.text(c.req.path));
app.onError((error, c) => {
  if (error instanceof NanoError && error.kind === "slow") c.header("Connection", "close");
  return c.text(error instanceof NanoError ? error.code : String(error), error instanceof NanoError ? 408 : 500);
});
let server: Deno.HttpServer<Deno.NetAddr>;
before(() => {
  server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, app.fetch);
});
after(() => server?.shutdown());

/** Sends bytes, a part each 50 ms, and gives what came back half a second later. */
async function send(...parts: string[]): Promise<string> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
  let answer = "";
  const reading = (async () => {
    for await (const bytes of connection.readable) answer += new TextDecoder().decode(bytes);
  })().catch(() => {});
  for (const part of parts) {
    await connection.write(new TextEncoder().encode(part)).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  try {
    connection.close();
  } catch {
    // The server was first.
  }
  await reading;
  return answer;
}

describe("inTime()", () => {
  const head = "POST / HTTP/1.1\r\nHost: a\r\n";

  it("answers 408 to a body that is shorter than its length says", async () => {
    expect(await send(`${head}Content-Length: 10\r\n\r\nabc`)).toMatch(/^HTTP\/1.1 408 [^]*body_timeout$/);
  });

  it("answers 408 to a body that trickles, and takes nothing of it for another request", async () => {
    const trickle = Array.from({ length: 10 }, () => "1\r\nx\r\n");
    const answer = await send(
      `${head}Transfer-Encoding: chunked\r\n\r\n`,
      ...trickle,
      "0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
    );
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
    expect(answer.match(/HTTP\/1.1 \d/g)).toHaveLength(1);
  });

  it("answers 400 to a body that breaks off", async () => {
    const broken = `${head}Transfer-Encoding: chunked\r\n\r\n2;${"a".repeat(200_000)}\r\n`;
    expect(await send(broken)).toMatch(/body_incomplete$|^$/);
  });

  it("takes one that is in time", async () => {
    expect(await send(`${head}Connection: close\r\nContent-Length: 3\r\n\r\n`, "a", "bc")).toMatch(/200 OK[^]*\r\n3$/);
  });
});

describe("bounds()", () => {
  it("refuses a Host that would move the path", async () => {
    const ask = (host: string) => send(`GET /real HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    const wrong = ["a/../admin?", "a@b", "a#", "a b", "a\\b", "a:b", "[::1", "", "<b>", "%61"];
    const taken = await Promise.all(wrong.map(async (host) => [host, (await ask(host)).includes("200 OK")]));
    expect(taken).toEqual(wrong.map((host) => [host, false]));
    const none = ["a:99999", "256.1.1.1", "1.2.3.4.5", "[1:2]"];
    const answers = await Promise.all(none.map(async (host) => [host, (await ask(host)).includes("200 OK")]));
    expect(answers).toEqual(none.map((host) => [host, false]));
    for (const answer of await Promise.all(["shop.example", "127.0.0.1:8000", "[::1]:80", "a_b"].map(ask))) {
      expect(answer).toMatch(/200 OK[^]*\/real$/);
    }
  });
});

describe("half bodies", () => {
  it("are not counted among the requests under way, so that others are answered", async () => {
    const text = new TextEncoder().encode("POST /held HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n");
    const connections: Deno.TcpConn[] = [];
    while (connections.length < 2_100) {
      connections.push(
        ...await Promise.all(Array.from({ length: 100 }, async () => {
          const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
          await connection.write(text);
          return connection;
        })),
      );
    }
    while (held < connections.length) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await send("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).toMatch(/200 OK/);
    for (const connection of connections) connection.close();
  });
});

describe("isTooDeep()", () => {
  const deep = (text: string) => isTooDeep(new TextEncoder().encode(text));

  it("counts lists and objects, but not what is in texts", () => {
    expect(deep("[".repeat(64) + "]".repeat(64))).toBe(false);
    expect(deep('{"a":'.repeat(64) + "1" + "}".repeat(64))).toBe(false);
    expect(deep("[".repeat(65))).toBe(true);
    expect(deep('{"a":['.repeat(33))).toBe(true);
    expect(deep(JSON.stringify({ note: "[".repeat(1000) + '"\\' + "{".repeat(1000) }))).toBe(false);
    expect(deep(`["\\\\", ${"[".repeat(70)}`)).toBe(true);
    expect(deep("[]".repeat(1000))).toBe(false);
  });
});

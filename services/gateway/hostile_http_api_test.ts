import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { testShop } from "../shared/testing.ts";

const { gateway } = testShop();
const { hostname, port } = new URL(gateway);
const HOST = `Host: ${hostname}:${port}\r\n`;
const JSON_POST = `POST /cart/items HTTP/1.1\r\n${HOST}Content-Type: application/json\r\n`;

/** Opens a connection to the gateway and writes to it. */
async function open(text: string): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const bytes = new TextEncoder().encode(text);
  for (let sent = 0; sent < bytes.length;) {
    sent += await connection.write(bytes.subarray(sent)).catch(() => bytes.length);
  }
  return connection;
}

/** The statuses of all answers that a connection gives to these bytes; a last "close" where it is closed then. */
async function answers(text: string): Promise<string[]> {
  const connection = await open(text);
  const bytes = new Uint8Array(64 * 1024);
  let answer = "";
  let closed = false;
  // Another request follows: its answer is the sign that all before it were given. A closed connection needs none.
  connection.write(new TextEncoder().encode(`GET /healthz HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`)).catch(
    () => {},
  );
  while (!closed) {
    const read = await connection.read(bytes).catch(() => null);
    if (read === null) closed = true;
    else answer += new TextDecoder().decode(bytes.subarray(0, read));
  }
  connection.close();
  return [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status = ""]) => status);
}

describe("request smuggling", () => {
  const hidden = `GET /stores HTTP/1.1\r\n${HOST}\r\n`;
  const tricks: Record<string, string> = {
    "a length and chunks": `${JSON_POST}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG`,
    "chunks and a length": `${JSON_POST}Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n${hidden}`,
    "two lengths": `${JSON_POST}Content-Length: 2\r\nContent-Length: 90\r\n\r\n{}${hidden}`,
    "a list of lengths": `${JSON_POST}Content-Length: 2, 90\r\n\r\n{}${hidden}`,
    "a length with a sign": `${JSON_POST}Content-Length: +2\r\n\r\n{}`,
    "a negative length": `${JSON_POST}Content-Length: -1\r\n\r\n{}`,
    "an unknown encoding": `${JSON_POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    "an encoding beneath the chunks": `${JSON_POST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    "chunked, but not last": `${JSON_POST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${hidden}`,
    "two encodings": `${JSON_POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${hidden}`,
    "a space before the colon": `${JSON_POST}Transfer-Encoding : chunked\r\nContent-Length: 2\r\n\r\n{}`,
    "a folded header": `GET /healthz HTTP/1.1\r\n${HOST}X-A: a\r\n b\r\n\r\n`,
    "a bare CR in a header": `GET /healthz HTTP/1.1\r\n${HOST}X-A: a\rX-B: b\r\n\r\n`,
    "a NUL in a header": `GET /healthz HTTP/1.1\r\n${HOST}X-A: a\0b\r\n\r\n`,
    "two hosts": `GET /healthz HTTP/1.1\r\n${HOST}Host: b\r\n\r\n`,
    "a chunk's size that is none": `${JSON_POST}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n${hidden}`,
    "a chunk's size beyond 64 bits":
      `${JSON_POST}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n`,
    "a line feed in a chunk's extension":
      `${JSON_POST}Transfer-Encoding: chunked\r\n\r\n2;\nx\r\n{}\r\n0\r\n\r\n${hidden}`,
    "a chunk's extension of 200 kB": `${JSON_POST}Transfer-Encoding: chunked\r\n\r\n2;${
      "a".repeat(200_000)
    }\r\n{}\r\n0\r\n\r\n`,
    "lines of a chunk that end in LF": `${JSON_POST}Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n${hidden}`,
    "a Host with a path": `GET /healthz HTTP/1.1\r\nHost: a/../users?x=\r\n\r\n`,
    "a Host with a user": `GET /healthz HTTP/1.1\r\nHost: a@b\r\n\r\n`,
    "200 headers": `GET /healthz HTTP/1.1\r\n${HOST}${"X-A: a\r\n".repeat(200)}\r\n`,
    "a megabyte of headers": `GET /healthz HTTP/1.1\r\n${HOST}X-A: ${"a".repeat(1_000_000)}\r\n\r\n`,
    "a URL of 9 KiB": `GET /healthz?${"a".repeat(9 * 1024)} HTTP/1.1\r\n${HOST}\r\n`,
    "a URL of 70 KiB": `GET /healthz?${"a".repeat(70 * 1024)} HTTP/1.1\r\n${HOST}\r\n`,
  };
  for (const [name, text] of Object.entries(tricks)) {
    it(`is refused: ${name}`, async () => {
      const [first = "close", ...more] = await answers(text);
      expect([name, first]).toEqual([name, expect.stringMatching(/^(4\d\d|close)$/)]);
      // Refused and hung up; or refused by us, when the connection was in order, and then only the last request follows.
      expect(more.filter((status) => status !== "200").length).toBe(0);
      expect(more.length).toBeLessThanOrEqual(1);
    });
  }

  it("takes a length that is said twice alike for one, and a bare LF for the end of a line, as RFC 9112 lets it", async () => {
    const twice = `${JSON_POST}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}`;
    expect(await answers(twice)).toEqual(["400", "200"]);
    expect(await answers(`GET /healthz HTTP/1.1\n${HOST.replace("\r", "")}\n`)).toEqual(["200", "200"]);
  });

  it("never answers with the Host that it was told", async () => {
    const connection = await open(
      `GET /stores HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\nConnection: close\r\n\r\n`,
    );
    const text = await new Response(connection.readable).text();
    expect(text).toMatch(/^HTTP\/1.1 200 /);
    expect(text).not.toContain("evil.example");
  });
});

describe("JSON that is too deep", () => {
  it("is refused before it is parsed", async () => {
    const response = await fetch(`${gateway}/cart/items`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "[".repeat(100_000),
    });
    expect([response.status, (await response.json()).code]).toEqual([400, "body_too_deep"]);
  });
});

describe("500 connections that send no more than half a request", () => {
  it("keep nobody else from being served", async () => {
    const half = ["GET /products HTTP/1.1\r\nHost: a\r\nX-A", `${JSON_POST}Content-Length: 10\r\n\r\n{`];
    const slow = await Promise.all(Array.from({ length: 500 }, (_, index) => open(half[index % 2] ?? "")));
    try {
      const served = await Promise.all(Array.from({ length: 20 }, async () => {
        const response = await fetch(`${gateway}/products?limit=1`);
        await response.body?.cancel();
        return response.status;
      }));
      expect(served).toEqual(Array(20).fill(200));
    } finally {
      for (const connection of slow) connection.close();
    }
  });
});

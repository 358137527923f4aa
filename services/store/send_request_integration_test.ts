import { expect } from "@std/expect";
import { afterEach, describe, it } from "@std/testing/bdd";
import { createServer } from "node:https";
import { createServer as createTcpServer, type Server } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { createSender, type SenderOptions } from "./send_request.ts";
import { startReceiver } from "./testing.ts";
import { CERTIFICATE, KEY } from "./testing_certificate.ts";

const production = { allowHttp: false, allowPrivate: false };
const trying = { allowHttp: true, allowPrivate: true };
const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (let end = ends.pop(); end; end = ends.pop()) await end();
});

function receive(answer?: Parameters<typeof startReceiver>[0]) {
  const receiver = startReceiver(answer);
  ends.push(receiver.stop);
  return receiver;
}

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(() => new Promise((resolve) => server.close(resolve)));
  const address = server.address();
  return typeof address === "object" && address ? address.port : 0;
}

const send = (options: SenderOptions, url: string, milliseconds = 5_000) =>
  createSender(options).send({ url, headers: { "webhook-id": "1" }, body: '{"a":"☃"}' }, milliseconds);

describe("send()", () => {
  it("posts the body with its headers and tells the answer's start", async () => {
    const { received, url } = receive(() => new Response("x".repeat(10_000), { status: 201 }));
    const { status, response_start, error } = await send(trying, url);
    expect([status, response_start, error]).toEqual([201, "x".repeat(2048), undefined]);
    expect(received).toMatchObject([{ body: '{"a":"☃"}', headers: { "webhook-id": "1", "content-length": "11" } }]);
  });

  it("connects to the address that was checked, whatever the name resolves to next", async () => {
    const { received, port } = receive();
    const answers = [["127.0.0.1"], ["169.254.169.254"]];
    let asked = 0;
    const resolve = () => Promise.resolve(answers[asked++] ?? []);
    const { status } = await send({ ...trying, resolve }, `http://rebind.example:${port}/`);
    expect([status, asked, received[0]?.headers["host"]]).toEqual([200, 1, `rebind.example:${port}`]);
    const again = await send(
      { ...trying, resolve: () => Promise.resolve(["169.254.169.254"]) },
      "http://rebind.example/",
    );
    expect([again.status, again.error]).toEqual([undefined, "address_refused"]);
  });

  it("refuses a name that resolves inside, even if only one of its addresses does", async () => {
    const { received, port } = receive();
    const rules = { ...production, allowHttp: true };
    for (const addresses of [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::ffff:127.0.0.1"], ["fd00::1"]]) {
      const resolve = () => Promise.resolve(addresses);
      expect((await send({ ...rules, resolve }, `http://inside.example:${port}/`)).error).toBe("address_refused");
    }
    expect((await send(rules, `http://127.0.0.1:${port}/`)).error).toBe("url_refused");
    expect((await send(rules, "http://nobody.invalid/")).error).toBe("name_not_resolved");
    expect(received).toEqual([]);
  });

  it("verifies the certificate for the URL's name, not for the address", async () => {
    const seen: (string | undefined)[] = [];
    const server = createServer({ key: KEY, cert: CERTIFICATE }, (request, response) => {
      seen.push(request.headers.host);
      response.end("ok");
    });
    const port = await portOf(server);
    const rules = { ...trying, allowHttp: false, resolve: () => Promise.resolve(["127.0.0.1"]) };
    const known = { ...rules, ca: CERTIFICATE };
    expect((await send(known, `https://hook.example:${port}/`)).status).toBe(200);
    expect((await send(known, `https://other.example:${port}/`)).error).toBe("tls_failed");
    expect((await send(rules, `https://hook.example:${port}/`)).error).toBe("tls_failed");
    expect(seen).toEqual([`hook.example:${port}`]);
  });

  it("gives up an answer that does not come, and one that never ends", async () => {
    let release = () => {};
    const { url } = receive(() => new Promise((resolve) => release = () => resolve(new Response("late"))));
    expect(await send(trying, url, 100)).toMatchObject({ error: "timed_out", response_start: "" });
    release();
    const dripping = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode("drip")),
    });
    const endless = receive(() => new Response(dripping));
    const { status, error } = await send(trying, endless.url, 300);
    expect([status, error]).toEqual([200, undefined]);
    await dripping.cancel().catch(() => {});
  });

  it("gives up a name that does not resolve in time", async () => {
    const resolve = () => new Promise<string[]>(() => {});
    expect((await send({ ...trying, resolve }, "http://slow.example/", 50)).error).toBe("timed_out");
  });

  it("says why there is no answer", async () => {
    const closed = createTcpServer();
    const port = await portOf(closed);
    await ends.pop()?.();
    expect((await send(trying, `http://127.0.0.1:${port}/`)).error).toBe("connection_failed");
    const hangsUp = await portOf(createTcpServer((socket) => socket.on("data", () => socket.destroy())));
    expect((await send(trying, `http://127.0.0.1:${hangsUp}/`)).error).toBe("connection_failed");
  });

  for (const head of ["101 Switching\r\nconnection: upgrade\r\nupgrade: x", "000 Nothing", "099 Less than that"]) {
    it(`takes ${head.slice(0, 3)} for no answer, at once`, async () => {
      const strange = await portOf(
        createTcpServer((socket) =>
          socket.on("error", () => {}).on("data", () => socket.write(`HTTP/1.1 ${head}\r\ncontent-length: 0\r\n\r\n`))
        ),
      );
      const outcome = send(trying, `http://127.0.0.1:${strange}/`, 10_000);
      const never = delay(15_000, { error: "it waits" }, { ref: false });
      expect(await Promise.race([outcome, never])).toMatchObject({ error: "bad_answer" });
    });
  }

  it("goes nowhere but to the host, though its answer says otherwise", async () => {
    const other = receive();
    const first = receive(() => new Response(null, { status: 302, headers: { location: other.url } }));
    expect((await send(trying, first.url)).status).toBe(302);
    expect(other.received).toEqual([]);
  });
});

describe("fetchImage()", () => {
  const get = (options: SenderOptions, url: string, milliseconds = 5_000) =>
    createSender(options).fetchImage(url, milliseconds);
  const MAX = 5 * 1024 * 1024;

  it("gets the whole body", async () => {
    const body = new Uint8Array(MAX).fill(7);
    const { received, url } = receive(() => new Response(body));
    const answer = await get(trying, url);
    expect([answer.status, answer.error]).toEqual([200, undefined]);
    expect(answer.body.length === MAX && answer.body.every((byte) => byte === 7)).toBe(true);
    expect(received).toMatchObject([{ body: "", headers: { "accept-encoding": "identity" } }]);
  });

  it("takes no more than 5 MiB, announced or not", async () => {
    const large = () => new Uint8Array(MAX + 1);
    const streamed = () => new Response(new Blob([large()]).stream());
    for (const answer of [() => new Response(large()), streamed]) {
      const { status, body, error } = await get(trying, receive(answer).url);
      expect([status, body.length, error]).toEqual([undefined, 0, "too_large"]);
    }
  });

  it("follows no redirect, and takes no body but that of a 200", async () => {
    const other = receive();
    const first = receive(() => new Response("gone", { status: 302, headers: { location: other.url } }));
    const { status, body } = await get(trying, first.url);
    expect([status, body.length, other.received]).toEqual([302, 0, []]);
  });

  it("goes only where a webhook may go", async () => {
    const { received, port } = receive();
    const rules = { ...production, allowHttp: true, resolve: () => Promise.resolve(["10.0.0.1"]) };
    expect((await get(rules, `http://127.0.0.1:${port}/`)).error).toBe("url_refused");
    expect((await get(production, "http://outside.example/")).error).toBe("url_refused");
    expect((await get(rules, `http://inside.example:${port}/`)).error).toBe("address_refused");
    expect(received).toEqual([]);
  });

  it("tells a body that breaks off, or never ends, from one that is whole", async () => {
    const head = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf";
    const broken = await portOf(createTcpServer((socket) => socket.on("data", () => socket.end(head))));
    const { status, error } = await get(trying, `http://127.0.0.1:${broken}/`);
    expect([status, error]).toEqual([undefined, expect.stringMatching(/^(connection_failed|bad_answer)$/)]);
    const endless = await portOf(
      createTcpServer((socket) => socket.on("error", () => {}).on("data", () => socket.write(head))),
    );
    expect((await get(trying, `http://127.0.0.1:${endless}/`, 300)).error).toBe("timed_out");
  });
});

describe("check()", () => {
  const check = (options: SenderOptions, url: string) =>
    createSender(options).check(url).then(() => "taken", (error) => error.code);

  it("refuses what no request would be sent to, and passes a name that nobody knows yet", async () => {
    const resolve = (host: string) => Promise.resolve(host === "inside.example" ? ["10.1.2.3"] : []);
    const rules = { ...production, resolve };
    expect(await check(rules, "https://inside.example/")).toBe("webhook_url_refused");
    expect(await check(rules, "http://outside.example/")).toBe("webhook_url_refused");
    expect(await check(rules, "https://[::1]/")).toBe("webhook_url_refused");
    expect(await check(rules, "https://outside.example/")).toBe("taken");
  });
});

import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { type Load, runLoad } from "./load.ts";

/** Runs a load on a server that answers as told; gives what came of it and what was asked. */
async function tried(answer: (asked: number) => Response, more: Partial<Load> = {}) {
  const urls: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    urls.push(new URL(request.url).pathname + new URL(request.url).search);
    await request.text();
    return answer(urls.length);
  });
  const { hostname, port } = server.addr;
  const requests = [{ method: "POST", path: "/a?b", body: { text: "ü" } }];
  const usual = { hostname, port, connections: 2, seconds: 1, requests, kind: "same", tokens: [] } as const;
  const result = await runLoad({ ...usual, ...more });
  await server.shutdown();
  return { result, urls };
}

describe("the load generator", () => {
  it("counts every answer, in one piece, in chunks, or the last of its connection", async () => {
    const large = "x".repeat(200_000);
    const answers = [
      () => new Response(large),
      () => new Response(ReadableStream.from([large, "y"]).pipeThrough(new TextEncoderStream())),
      () => new Response("", { headers: { Connection: "close" } }),
      () => new Response(null, { status: 204 }),
    ];
    const { result, urls } = await tried((asked) => answers[asked % answers.length]!());
    expect(result.error).toBeUndefined();
    expect(result.done).toBe(urls.length);
    expect(result.done).toBeGreaterThanOrEqual(answers.length);
  });

  it("counts refusals as errors, and says what the first one was", async () => {
    const { result } = await tried(() => new Response("why", { status: 409 }));
    expect(result).toMatchObject({ done: 0, error: "Error: POST /a?b answered 409: why" });
    expect(result.errors).toBeGreaterThan(0);
  });

  it("can ask for something new each time", async () => {
    const { urls } = await tried(() => new Response("ok"), { kind: "fresh" });
    expect(new Set(urls).size).toBe(urls.length);
  });
});

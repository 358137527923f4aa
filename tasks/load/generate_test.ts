import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { generate } from "./generate.ts";
import { Tally } from "./tally.ts";

/** A shop that answers nothing for a while, then all. */
async function stalled(milliseconds: number, connections: number) {
  const open = Date.now() + milliseconds;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async () => {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, open - Date.now())));
    return Response.json({ token: "t", id: "o" });
  });
  const tally = new Tally();
  const gateway = new URL(`http://127.0.0.1:${server.addr.port}`);
  const signal = new AbortController().signal;
  const plan = { gateway, rate: 200, seconds: 1, connections, paths: ["/products"], variants: ["v"], seed: 1, signal };
  await generate(plan, tally);
  await server.shutdown();
  return tally;
}

describe("the generator of load", () => {
  it("lets visitors come at its rate whether they are answered or not, and counts their wait from when they came", async () => {
    for (const connections of [300, 4]) {
      const tally = await stalled(1_500, connections);
      expect(tally.total).toMatchObject({ sent: 200, ok: 200 });
      const [browse] = tally.rows();
      // Who came first waited for all of the stall, who came last for the rest of it.
      expect(browse?.ok_ms.p99).toBeGreaterThan(1_200);
      expect(browse?.ok_ms.p50).toBeGreaterThan(700);
    }
  });

  it("makes the mix that it says, the same for a seed", async () => {
    const sent = (tally: Tally) => tally.rows().map(({ sent }) => sent);
    const [one, two] = [await stalled(0, 20), await stalled(0, 20)];
    expect(sent(one)).toEqual(sent(two));
    expect(sent(one)[0]).toBeGreaterThan(160);
  });
});

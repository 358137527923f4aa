import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { inBatches } from "./batches.ts";
import { ANONYMOUS, type Context, currentContext, withContext } from "./context.ts";

/** A batch that was sent, in whose context, and what lets it end. */
interface Sent {
  batch: string[];
  context: Context | undefined;
  end(answer?: Promise<string[]>): void;
}

/** Sends texts, which are answered in capitals once the test says so. */
function start() {
  const sent: Sent[] = [];
  const ask = inBatches<string, string>(
    (batch) =>
      new Promise((resolve) => {
        const end = (answer = Promise.resolve(batch.map((one) => one.toUpperCase()))) => resolve(answer);
        sent.push({ batch, context: currentContext(), end });
      }),
    (one) => one.length,
  );
  return { sent, ask };
}

async function until<T>(look: () => T | undefined): Promise<T> {
  for (let i = 0; i < 500; i++) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error("it did not happen");
}

describe("inBatches()", () => {
  it("sends together what comes at the same time, and answers each", async () => {
    const { sent, ask } = start();
    const all = Promise.all(["a", "b", "c"].map(ask));
    (await until(() => sent[0])).end();
    expect(await all).toEqual(["A", "B", "C"]);
    expect(sent.map(({ batch }) => batch)).toEqual([["a", "b", "c"]]);
  });

  it("has one batch under way; what comes meanwhile makes up the next", async () => {
    const { sent, ask } = start();
    const first = ask("a");
    await until(() => sent[0]);
    const rest = Promise.all([ask("b"), ask("c")]);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(sent).toHaveLength(1);
    sent[0]?.end();
    (await until(() => sent[1])).end();
    expect([await first, await rest]).toEqual(["A", ["B", "C"]]);
  });

  it("gives up one that has no answer in time, and refuses who waited too long for himself alone", async () => {
    const { sent, ask } = start();
    const within = (ms: number, one: string) =>
      withContext({ request_id: one, actor: ANONYMOUS, deadline: Date.now() + ms }, () => ask(one));
    const first = within(60, "a");
    await until(() => sent[0]);
    const others = Promise.allSettled([within(30, "b"), within(5_000, "c")]);
    await expect(first).rejects.toMatchObject({ kind: "timeout" });
    (await until(() => sent[1])).end();
    expect(await others).toMatchObject([{ status: "rejected", reason: { kind: "timeout" } }, { value: "C" }]);
    expect(sent.map(({ batch }) => batch)).toEqual([["a"], ["c"]]);
  });

  it("tells each of a batch that fails, and goes on", async () => {
    const { sent, ask } = start();
    const both = Promise.allSettled(["a", "b"].map(ask));
    (await until(() => sent[0])).end(Promise.reject(new Error("away")));
    expect((await both).map((one) => one.status)).toEqual(["rejected", "rejected"]);
    const next = ask("c");
    (await until(() => sent[1])).end();
    expect(await next).toBe("C");
  });

  it("sends 50 at a time at most, and no more than fits; what is too large by itself goes alone", async () => {
    const { sent, ask } = start();
    const long = "x".repeat(200_000);
    const huge = "y".repeat(400_000);
    const all = Promise.all([...Array.from({ length: 51 }, () => "a"), long, long, huge, "b"].map(ask));
    for (let at = 0; at < 5; at++) (await until(() => sent[at])).end();
    await all;
    expect(sent.map(({ batch }) => batch.map((one) => one.length))).toEqual([
      Array.from({ length: 50 }, () => 1),
      [1, 200_000],
      [200_000],
      [400_000],
      [1],
    ]);
  });

  it("acts as the system, with the earliest deadline", async () => {
    const { sent, ask } = start();
    const [soon, later] = [Date.now() + 5_000, Date.now() + 9_000];
    const all = Promise.all(
      [later, soon].map((deadline, at) =>
        withContext({ request_id: `r${at}`, actor: ANONYMOUS, deadline, traceparent: "t" }, () => ask("a"))
      ),
    );
    (await until(() => sent[0])).end();
    await all;
    expect(sent[0]?.context).toEqual({
      request_id: expect.stringMatching(/^[\da-f-]{36}$/),
      actor: { kind: "service", store_roles: [] },
      deadline: soon,
    });
  });
});

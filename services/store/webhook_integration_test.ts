import { expect } from "@std/expect";
import { after, afterEach, before, describe, it } from "@std/testing/bdd";
import { Webhook as Verifier } from "standardwebhooks";
import { SYSTEM } from "../shared/context.ts";
import { newId } from "../shared/ids.ts";
import { registry } from "../shared/metrics.ts";
import { transaction } from "../shared/postgres.ts";
import { createClients } from "./clients.ts";
import { createWebhookVault } from "./webhook_secret.ts";
import { admin, as, refusal, startWebhookWorld, type WebhookWorld } from "./webhook_testing.ts";

let world: WebhookWorld;

before(async () => {
  world = await startWebhookWorld();
});

afterEach(() => world.closeReceivers());

after(() => world?.close());

/** What the metric says of an outcome. */
async function counted(outcome: string): Promise<number> {
  const { values } = await registry.getSingleMetric("nano_webhook_deliveries_total")?.get() ?? { values: [] };
  return values.find(({ labels }) => labels["outcome"] === outcome)?.value ?? 0;
}

describe("an event", () => {
  it("goes, signed, to the webhooks of its store that want its type, once", async () => {
    const { received, url } = world.receive();
    const hook = await world.subscribe(url, ["order.placed", "stock.low"]);
    const other = await world.subscribe(url, ["order.paid"], hook.store_id);
    const all = await world.subscribe(url, ["*"], hook.store_id);
    const stranger = await world.subscribe(url);
    const id = newId();
    await world.publish(hook.store_id, "order.placed", { number: 1001, name: "Zoë" }, id);
    await world.publish(hook.store_id, "order.placed", { number: 1001, name: "Zoë" }, id);
    await world.publish(hook.store_id, "order.eaten");
    const counts = await Promise.all(
      [hook, other, all, stranger].map(async ({ id }) => (await world.waiting(id)).length),
    );
    expect(counts).toEqual([1, 0, 1, 0]);
    await world.runWaiting(hook.id);
    const [one] = received;
    if (!one) throw new Error("nothing came");
    expect(received.length).toBe(1);
    expect(one.headers).toMatchObject({ "webhook-id": id, "content-type": "application/json" });
    expect(new Verifier(hook.secret).verify(one.body, one.headers)).toEqual({
      type: "order.placed",
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      data: { number: 1001, name: "Zoë" },
    });
  });

  it("is stored with its deliveries and jobs, or none of them is", async () => {
    const hook = await world.subscribe("http://127.0.0.1:9/");
    const id = newId();
    const wrong = world.publish(hook.store_id, "order.paid", { total: 5 }, id);
    expect(await refusal(wrong)).toBe("invalid invalid_event");
    expect([await world.waiting(hook.id), await world.deliveries(hook.id)]).toEqual([[], []]);
  });

  it("is not sent to a webhook that is disabled or gone", async () => {
    const hook = await world.subscribe("http://127.0.0.1:9/");
    await world.subscribe(hook.url, ["*"], hook.store_id);
    const input = { url: hook.url, description: "", event_types: ["*"], status: "disabled" };
    const off = await as(admin, () => world.client.updateWebhook({ id: hook.id, webhook: input, version: 1 }));
    expect([off.status, off.disabled_reason]).toEqual(["disabled", "manual"]);
    await world.publish(hook.store_id, "order.placed");
    expect(await world.deliveries(hook.id)).toEqual([]);
    expect(await refusal(as(admin, () => world.client.testWebhook({ id: hook.id })))).toBe("conflict webhook_disabled");
    await as(admin, () => world.client.deleteWebhook({ id: hook.id }));
    await world.publish(hook.store_id, "order.placed");
    expect(await refusal(world.webhookOf(hook.id))).toBe("not_found webhook_not_found");
  });
});

describe("a delivery", () => {
  it("that was written while its webhook was being disabled is given up, and not sent", async () => {
    const { received, url } = world.receive();
    const hook = await world.subscribe(url);
    const event_id = await world.publish(hook.store_id, "order.eaten");
    await transaction(world.deps.pool, async (tx) => {
      expect(await world.deps.webhooks.subscribed(tx, hook.store_id, "order.placed")).toHaveLength(1);
      await world.deps.webhooks.insertDelivery(tx, { id: newId(), webhook_id: hook.id, event_id }, false);
      const input = { url, description: "", event_types: ["*"], status: "disabled" };
      await as(admin, () => world.client.updateWebhook({ id: hook.id, webhook: input, version: 1 }));
    });
    expect((await world.deliveries(hook.id)).map(({ state }) => state)).toEqual(["pending"]);
    await world.runWaiting(hook.id);
    const [delivery] = await world.deliveries(hook.id);
    expect([received, delivery?.state, delivery?.attempt, delivery?.attempts]).toEqual([[], "failed", 0, []]);
    expect(await world.waiting(hook.id)).toEqual([]);
  });

  it("is made to a webhook that is switched on again while it is being given up", async () => {
    const { received, url } = world.receive();
    const hook = await world.subscribe(url);
    await world.publish(hook.store_id, "order.placed");
    const [job] = await world.waiting(hook.id);
    const { owner } = world.database;
    await owner.query(
      "update store.webhook_endpoints set status = 'disabled', disabled_reason = 'manual' where id = $1",
      [
        hook.id,
      ],
    );
    const client = await owner.connect();
    try {
      await client.query("begin; set local search_path = store");
      await client.query("update webhook_endpoints set status = 'active', disabled_reason = null where id = $1", [
        hook.id,
      ]);
      const running = world.run(job?.payload);
      const waits =
        "select from pg_locks join pg_stat_activity using (pid) where not granted and datname = current_database()";
      for (let i = 0; i < 500 && !(await owner.query(waits)).rowCount; i++) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await client.query("commit");
      await running;
    } finally {
      client.release();
    }
    expect([received.length, (await world.deliveries(hook.id))[0]?.state]).toEqual([1, "succeeded"]);
  });

  it("is tried again after a 500, later and with the same id and body, and then succeeds", async () => {
    let answers = 0;
    const { received, url } = world.receive(() =>
      new Response(answers++ ? null : "so\0so", { status: answers > 1 ? 204 : 500 })
    );
    const hook = await world.subscribe(url);
    await world.publish(hook.store_id, "order.placed");
    await world.runWaiting(hook.id);
    const [next] = await world.waiting(hook.id);
    expect(next?.seconds).toBeGreaterThan(0);
    expect(next?.seconds).toBeLessThanOrEqual(6);
    const [pending] = await world.deliveries(hook.id);
    expect([pending?.state, pending?.attempt, pending?.next_time instanceof Date]).toEqual(["pending", 1, true]);
    expect((await world.webhookOf(hook.id)).failing_since).toBeInstanceOf(Date);

    await world.runWaiting(hook.id);
    const [done] = await world.deliveries(hook.id);
    expect([done?.state, done?.attempt, done?.next_time]).toEqual(["succeeded", 2, undefined]);
    expect(done?.attempts.map(({ response_status, response_start, error }) => [response_status, response_start, error]))
      .toEqual([[500, "so\ufffdso", undefined], [204, "", undefined]]);
    expect(received.map(({ body }) => body)).toEqual([done?.body, done?.body]);
    expect(new Set(received.map(({ headers }) => headers["webhook-id"]))).toEqual(new Set([done?.event_id]));
    expect(done?.attempts[0]?.request_headers["webhook-signature"]).toBe(received[0]?.headers["webhook-signature"]);
    expect([(await world.webhookOf(hook.id)).failing_since, await world.waiting(hook.id)]).toEqual([undefined, []]);
  });

  it("keeps nothing of an answer to an event whose person was erased while it was on its way", async () => {
    const order_id = newId();
    const { received, url } = world.receive(async ({ body }) => {
      await as(SYSTEM, () => world.client.erasePerson({ user_id: newId(), order_ids: [order_id] }));
      return new Response(body);
    });
    const hook = await world.subscribe(url);
    await world.publish(hook.store_id, "order.placed", { id: order_id, email: "ada@example.com" });
    await world.runWaiting(hook.id);
    expect(received[0]?.body).toContain("ada@example.com");
    const [done] = await world.deliveries(hook.id);
    expect(done?.attempts.map(({ response_status, response_start }) => [response_status, response_start])).toEqual([
      [200, ""],
    ]);
  });

  it("ends failed after ten attempts, and the webhook stays", async () => {
    const { received, url } = world.receive(() => new Response(null, { status: 503 }));
    const hook = await world.subscribe(url);
    await world.publish(hook.store_id, "order.placed");
    const [retried, failed] = [await counted("retried"), await counted("failed")];
    await world.runWaiting(hook.id, 12);
    expect([await counted("retried") - retried, await counted("failed") - failed]).toEqual([9, 1]);
    const [delivery] = await world.deliveries(hook.id);
    expect([received.length, delivery?.state, delivery?.attempt]).toEqual([10, "failed", 10]);
    expect((await world.webhookOf(hook.id)).status).toBe("active");
  });

  it("follows no redirect", async () => {
    const { received, url, port } = world.receive(({ path }) =>
      path === "/hooks"
        ? new Response(null, { status: 307, headers: { location: `http://127.0.0.1:${port}/elsewhere` } })
        : new Response("ok")
    );
    const hook = await world.subscribe(url);
    await world.publish(hook.store_id, "order.placed");
    await world.runWaiting(hook.id);
    const [delivery] = await world.deliveries(hook.id);
    expect(received.map(({ path }) => path)).toEqual(["/hooks"]);
    expect([delivery?.state, delivery?.attempts[0]?.response_status]).toEqual(["pending", 307]);
  });

  it("disables a webhook that answers 410, and gives up what else is on its way", async () => {
    const { received, url } = world.receive(() => new Response(null, { status: received.length === 1 ? 200 : 410 }));
    const hook = await world.subscribe(url);
    await world.publish(hook.store_id, "order.placed");
    await world.runWaiting(hook.id);
    await world.publish(hook.store_id, "order.placed");
    await world.publish(hook.store_id, "order.cancelled");
    const [first] = await world.waiting(hook.id);
    await world.run(first?.payload);
    expect(await world.webhookOf(hook.id)).toMatchObject({ status: "disabled", disabled_reason: "gone", version: 2 });
    expect((await world.deliveries(hook.id)).map(({ state, attempt }) => [state, attempt])).toEqual([
      ["failed", 0],
      ["failed", 1],
      ["succeeded", 1],
    ]);
    await world.runWaiting(hook.id);
    expect((await world.deliveries(hook.id)).flatMap(({ attempts }) => attempts).length).toBe(2);
    const webhook = { url, description: "left by its shop", event_types: ["*"], status: "disabled" };
    expect(await as(admin, () => world.client.updateWebhook({ id: hook.id, webhook, version: 2 })))
      .toMatchObject({ status: "disabled", disabled_reason: "gone" });
  });

  it("disables a webhook after 5 days of nothing but failures, and not sooner", async () => {
    const { url } = world.receive(() => new Response(null, { status: 500 }));
    const hook = await world.subscribe(url);
    const failingFor = (days: number) =>
      world.database.owner.query(
        "update store.webhook_endpoints set failing_since = now() - $2 * interval '1 day' where id = $1",
        [
          hook.id,
          days,
        ],
      );
    await world.publish(hook.store_id, "order.placed");
    await failingFor(4.9);
    await world.runWaiting(hook.id);
    expect((await world.webhookOf(hook.id)).status).toBe("active");
    await failingFor(5.1);
    await world.runWaiting(hook.id);
    expect(await world.webhookOf(hook.id)).toMatchObject({ status: "disabled", disabled_reason: "failing" });
    const input = { url, description: "", event_types: ["*"], status: "active" };
    const again = await as(admin, () => world.client.updateWebhook({ id: hook.id, webhook: input, version: 2 }));
    expect([again.status, again.disabled_reason, again.failing_since]).toEqual(["active", undefined, undefined]);
  });

  it("is made once, however often its job runs", async () => {
    const { received, url } = world.receive();
    const hook = await world.subscribe(url);
    await world.publish(hook.store_id, "order.placed");
    const [job] = await world.waiting(hook.id);
    await world.run(job?.payload);
    await world.run(job?.payload);
    expect(received.length).toBe(1);

    const { received: failed, url: failing } = world.receive(() => new Response(null, { status: 500 }));
    const other = await world.subscribe(failing);
    await world.publish(other.store_id, "order.placed");
    const [first] = await world.waiting(other.id);
    await world.run(first?.payload);
    await world.run(first?.payload);
    expect(failed.length).toBe(1);
    // The next attempt has a job of its own, which keeps its time.
    expect((await world.waiting(other.id)).map(({ seconds }) => seconds > 0)).toEqual([true]);
  });

  it("is sent again by a replay, under the same id, and is in the log each time", async () => {
    const { received, url } = world.receive();
    const hook = await world.subscribe(url);
    const event = await world.publish(hook.store_id, "order.placed");
    await world.runWaiting(hook.id);
    const [before] = await world.deliveries(hook.id);
    const replayed = await as(admin, () => world.client.replayWebhookDelivery({ id: before?.id ?? "" }));
    expect([replayed.state, replayed.attempt, replayed.attempts.length]).toEqual(["pending", 0, 1]);
    await world.runWaiting(hook.id);
    const [after] = await world.deliveries(hook.id);
    expect([after?.state, after?.attempt, after?.attempts.length]).toEqual(["succeeded", 1, 2]);
    expect(received.map(({ headers }) => headers["webhook-id"])).toEqual([event, event]);
  });

  it("begins anew by a replay, also while an attempt at it is under way", async () => {
    let during = () => Promise.resolve();
    const { received, url } = world.receive(async () => {
      await during();
      return new Response(null, { status: received.length === 1 ? 500 : 204 });
    });
    const hook = await world.subscribe(url);
    await world.publish(hook.store_id, "order.placed");
    await world.runWaiting(hook.id);
    const [delivery] = await world.deliveries(hook.id);
    during = async () => {
      during = () => Promise.resolve();
      await as(admin, () => world.client.replayWebhookDelivery({ id: delivery?.id ?? "" }));
    };
    const [second] = await world.waiting(hook.id);
    await world.run(second?.payload);
    const [restarted] = await world.deliveries(hook.id);
    expect([restarted?.state, restarted?.attempt, restarted?.attempts.length]).toEqual(["pending", 0, 2]);
    await world.runWaiting(hook.id);
    expect((await world.deliveries(hook.id)).map(({ state, attempt }) => [state, attempt])).toEqual([["succeeded", 1]]);
    expect(received.length).toBe(3);
  });

  it("is signed by the new and the old secret after a rotation, for 24 hours", async () => {
    const { received, url } = world.receive();
    const hook = await world.subscribe(url);
    const rotated = await as(admin, () => world.client.rotateWebhookSecret({ id: hook.id }));
    expect(rotated.secret).not.toBe(hook.secret);
    const hours = (Number(rotated.webhook?.old_secret_expire_time) - Date.now()) / 3_600_000;
    expect(Math.round(hours)).toBe(24);
    await world.publish(hook.store_id, "order.placed");
    await world.runWaiting(hook.id);
    const [both] = received;
    for (const secret of [hook.secret, rotated.secret]) {
      new Verifier(secret).verify(both?.body ?? "", both?.headers ?? {});
    }

    await world.database.owner.query(
      "update store.webhook_endpoints set old_secret_expire_time = now() - interval '1 second' where id = $1",
      [hook.id],
    );
    await world.publish(hook.store_id, "order.placed");
    await world.runWaiting(hook.id);
    const last = received.at(-1);
    new Verifier(rotated.secret).verify(last?.body ?? "", last?.headers ?? {});
    expect(() => new Verifier(hook.secret).verify(last?.body ?? "", last?.headers ?? {})).toThrow("signature");
    expect((await world.webhookOf(hook.id)).old_secret_expire_time).toBeUndefined();
  });

  it("fails, not to be forged, where the secret can't be read any more", async () => {
    const { received, url } = world.receive();
    const hook = await world.subscribe(url);
    await world.publish(hook.store_id, "order.placed");
    const vault = await createWebhookVault({ DATABASE_URL: "postgres://store:another@db/nano" });
    const [job] = await world.waiting(hook.id);
    await world.run(job?.payload, { vault });
    const [delivery] = await world.deliveries(hook.id);
    expect([received.length, delivery?.attempts[0]?.error]).toEqual([0, "secret_unreadable"]);
  });

  it("waits, unmade, while the sender is away", async () => {
    const hook = await world.subscribe("http://127.0.0.1:9/");
    await world.publish(hook.store_id, "order.placed");
    const [job] = await world.waiting(hook.id);
    const { neighbours, close } = createClients({ DELIVER_SERVICE_URL: "127.0.0.1:1" });
    expect(await refusal(world.run(job?.payload, { neighbours }))).toBe("unavailable unavailable");
    close();
    const [delivery] = await world.deliveries(hook.id);
    expect([delivery?.state, delivery?.attempt, delivery?.attempts]).toEqual(["pending", 0, []]);
  });
});

describe("a slow webhook", () => {
  it("keeps to one lane of its own, where a quick one has two", async () => {
    const { url } = world.receive(() => new Response(null, { status: 500 }));
    const hook = await world.subscribe(url);
    for (let count = 0; count < 4; count++) await world.publish(hook.store_id, "order.placed");
    const [first, ...rest] = await world.waiting(hook.id);
    const lanes = [0, 1].map((lane) => `webhook:${hook.id}:${lane}`);
    for (const job of [first, ...rest]) expect(lanes).toContain(job?.queue);
    await world.run(first?.payload);
    for (const job of rest) await world.run(job.payload);
    expect((await world.deliveries(hook.id)).flatMap(({ attempts }) => attempts).length).toBe(1);
    await world.publish(hook.store_id, "order.placed");
    const queues = (await world.waiting(hook.id)).map(({ queue }) => queue);
    expect(queues).toEqual(Array(5).fill(`webhook:${hook.id}:slow`));
  });

  it("leaves places for others, however many are slow", async () => {
    const held: (() => void)[] = [];
    const { received, url } = world.receive(() =>
      new Promise((resolve) => held.push(() => resolve(new Response("late"))))
    );
    const hooks = await Promise.all(Array.from({ length: 8 }, () => world.subscribe(url)));
    await world.database.owner.query("update store.webhook_endpoints set slow = true where id = any($1)", [
      hooks.map(({ id }) => id),
    ]);
    for (const { store_id } of hooks) await world.publish(store_id, "order.placed");
    const jobs = (await Promise.all(hooks.map(({ id }) => world.waiting(id)))).flat();
    const ended = jobs.map((job) => world.run(job.payload));
    // Two of them find no place and end; the others wait for their answers.
    for (let tries = 0; tries < 1000 && held.length < 6; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await Promise.race(ended);
    expect(received.length).toBe(6);
    for (const release of held) release();
    await Promise.all(ended);
    const states = (await Promise.all(hooks.map(({ id }) => world.deliveries(id)))).flat().map(({ state }) => state);
    expect(states.toSorted()).toEqual([...Array(2).fill("pending"), ...Array(6).fill("succeeded")]);
  });
});

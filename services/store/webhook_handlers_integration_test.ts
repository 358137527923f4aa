import { expect } from "@std/expect";
import { after, afterEach, before, describe, it } from "@std/testing/bdd";
import { ANONYMOUS } from "../shared/context.ts";
import { newId } from "../shared/ids.ts";
import { createJobs } from "./jobs.ts";
import { admin, as, refusal, staffOf, startWebhookWorld, type WebhookWorld } from "./webhook_testing.ts";

let world: WebhookWorld;

before(async () => {
  world = await startWebhookWorld();
});

afterEach(() => world.closeReceivers());

after(() => world?.close());

describe("the webhooks' RPCs", () => {
  it("show a secret once, and keep it encrypted", async () => {
    const hook = await world.subscribe("http://127.0.0.1:9/hooks");
    expect(hook.secret).toMatch(/^whsec_[\w+/]{43}=$/);
    expect(JSON.stringify(await world.webhookOf(hook.id))).not.toContain("whsec_");
    const { rows: [row] } = await world.database.owner.query<{ text: string }>(
      "select e::text || coalesce((select string_agg(a::text, '') from store.audit_log a where a.row_id = e.id::text), '') as text from store.webhook_endpoints e where id = $1",
      [hook.id],
    );
    expect(row?.text).not.toContain(hook.secret.slice(6, 20));
    expect(row?.text).not.toContain(new TextEncoder().encode(hook.secret.slice(0, 16)).toHex());
  });

  it("rotate the secret by an id in capitals, too, so that what is sealed opens", async () => {
    const receiver = world.receive();
    const hook = await world.subscribe(receiver.url);
    const { secret } = await as(admin, () => world.client.rotateWebhookSecret({ id: hook.id.toUpperCase() }));
    expect(secret).not.toBe(hook.secret);
    await world.publish(hook.store_id, "order.placed");
    await world.runWaiting(hook.id);
    expect((await world.deliveries(hook.id)).map(({ state }) => state)).toEqual(["succeeded"]);
  });

  it("are for managers of the store", async () => {
    const hook = await world.subscribe("http://127.0.0.1:9/");
    await world.publish(hook.store_id, "order.placed");
    const [delivery] = await world.deliveries(hook.id);
    const webhook = { url: hook.url, description: "", event_types: ["*"] };
    const calls: [name: string, call: () => Promise<unknown>][] = [
      ["list", () => world.client.listWebhooks({ store_id: hook.store_id, limit: 10, count: false })],
      ["get", () => world.client.getWebhook({ id: hook.id })],
      ["create", () => world.client.createWebhook({ store_id: hook.store_id, webhook })],
      ["update", () => world.client.updateWebhook({ id: hook.id, webhook, version: 1 })],
      ["rotate", () => world.client.rotateWebhookSecret({ id: hook.id })],
      ["test", () => world.client.testWebhook({ id: hook.id })],
      ["deliveries", () => world.client.listWebhookDeliveries({ webhook_id: hook.id, limit: 10, count: false })],
      ["delivery", () => world.client.getWebhookDelivery({ id: delivery?.id ?? "" })],
      ["replay", () => world.client.replayWebhookDelivery({ id: delivery?.id ?? "" })],
      ["delete", () => world.client.deleteWebhook({ id: hook.id })],
    ];
    for (const [name, call] of calls) {
      const kinds = await Promise.all(
        [ANONYMOUS, staffOf(hook.store_id, "support"), staffOf(newId(), "manager")].map((actor) =>
          refusal(as(actor, call)).then((text) => text.split(" ")[0])
        ),
      );
      expect([name, ...kinds]).toEqual([name, "unauthenticated", "forbidden", "not_found"]);
    }
    const manager = staffOf(hook.store_id, "manager");
    for (const [, call] of calls) await as(manager, call);
    expect(await refusal(world.webhookOf(hook.id))).toBe("not_found webhook_not_found");
  });

  it("disable a webhook though its target is refused by now", async () => {
    const hook = await world.subscribe("http://127.0.0.1:9/");
    const url = "http://169.254.169.254/";
    await world.database.owner.query("update store.webhook_endpoints set url = $2 where id = $1", [hook.id, url]);
    const update = (version: number, more: object) => {
      const webhook = { url, description: "", event_types: ["*"], status: "disabled", ...more };
      return as(admin, () => world.client.updateWebhook({ id: hook.id, webhook, version }));
    };
    expect(await update(1, {})).toMatchObject({ status: "disabled" });
    expect(await refusal(update(2, { status: "active" }))).toBe("invalid webhook_url_refused");
    expect(await refusal(update(2, { url: `${url}latest` }))).toBe("invalid webhook_url_refused");
  });

  it("refuse targets inside networks, unknown types, stale versions and a 21st webhook", async () => {
    const hook = await world.subscribe("http://127.0.0.1:9/");
    const make = (more: object) =>
      as(admin, () =>
        world.client.createWebhook({
          store_id: hook.store_id,
          webhook: { url: hook.url, description: "", event_types: ["*"], ...more },
        }));
    for (const url of ["http://169.254.169.254/latest", "http://[::ffff:7f00:1]/", "ftp://a.example/"]) {
      expect(await refusal(make({ url }))).toBe("invalid webhook_url_refused");
    }
    expect(await refusal(make({ event_types: ["order.eaten"] }))).toBe("invalid unknown_event_type");
    const input = { url: hook.url, description: "", event_types: ["*"] };
    const stale = as(admin, () => world.client.updateWebhook({ id: hook.id, webhook: input, version: 7 }));
    expect(await refusal(stale)).toBe("conflict version_conflict");
    const many = await Promise.allSettled(Array.from({ length: 22 }, () => make({})));
    expect(many.filter(({ status }) => status === "fulfilled").length).toBe(19);
    expect(await refusal(make({}))).toBe("conflict too_many_webhooks");
  });

  it("list by pages, the newest first", async () => {
    const first = await world.subscribe("http://127.0.0.1:9/1");
    const second = await world.subscribe("http://127.0.0.1:9/2", ["*"], first.store_id);
    const list = (cursor?: string) =>
      as(
        admin,
        () =>
          world.client.listWebhooks({ store_id: first.store_id, limit: 1, count: true, ...(cursor ? { cursor } : {}) }),
      );
    const one = await list();
    const two = await list(one.next_cursor);
    expect([one.total, one.data[0]?.id, two.data[0]?.id, two.next_cursor]).toEqual([2, second.id, first.id, undefined]);
    for (let count = 0; count < 3; count++) await as(admin, () => world.client.testWebhook({ id: first.id }));
    const seen: string[] = [];
    for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
      const page = await as(admin, () =>
        world.client.listWebhookDeliveries({
          webhook_id: first.id,
          limit: 2,
          count: false,
          state: "pending",
          ...(cursor ? { cursor } : {}),
        }));
      seen.push(...page.data.map(({ id }) => id));
      cursor = page.next_cursor;
    }
    expect([seen.length, seen]).toEqual([3, seen.toSorted().toReversed()]);
  });

  it("delete a webhook at once, however long its log is, which a job deletes after it", async () => {
    const hook = await world.subscribe("http://127.0.0.1:9/");
    const { owner } = world.database;
    await owner.query(
      `with event as (
         insert into store.events (id, store_id, type, time, data)
         select gen_random_uuid(), $2, 'order.paid', now(), '{}' from generate_series(1, 900) returning id
       )
       insert into store.webhook_deliveries (id, endpoint_id, event_id) select gen_random_uuid(), $1, id from event`,
      [hook.id, hook.store_id],
    );
    await owner.query(`
      create function store.refuse_many() returns trigger language plpgsql as $$
      begin if (select count(*) from gone) > 500 then raise 'too many'; end if; return null; end $$;
      create trigger refuse_many after delete on store.webhook_deliveries referencing old table as gone
        for each statement execute function store.refuse_many()`);
    const [delivery] = await world.deps.webhooks.listDeliveries(hook.id, undefined, undefined, 1);
    await as(admin, () => world.client.deleteWebhook({ id: hook.id }));
    expect(await refusal(world.webhookOf(hook.id))).toBe("not_found webhook_not_found");
    const shown = as(admin, () => world.client.getWebhookDelivery({ id: delivery?.id ?? "" }));
    expect(await refusal(shown)).toBe("not_found webhook_delivery_not_found");
    const { rows: [job] } = await owner.query(
      "select payload from store_jobs._private_jobs where payload ->> 'webhook_id' = $1",
      [hook.id],
    );
    await createJobs(world.deps)["forget_deliveries"]?.(job.payload);
    await owner.query("drop function store.refuse_many cascade");
    expect(await world.deps.webhooks.countDeliveries(hook.id, undefined)).toBe(0);
  });

  it("write who pointed events where into the audit, without the address", async () => {
    const hook = await world.subscribe("http://127.0.0.1:9/token-of-the-merchant");
    const { rows } = await world.database.owner.query(
      "select actor, action, after from store.audit_log where table_name = 'webhook_endpoints' and row_id = $1",
      [hook.id],
    );
    expect(rows).toMatchObject([{
      actor: `user:${admin.user_id}`,
      action: "insert",
      after: { url: "changed", secret: "changed", event_types: ["*"] },
    }]);
  });
});

describe("the log of attempts", () => {
  it("can't be rewritten by the service", async () => {
    for (const statement of ["update webhook_attempts set error = null", "delete from webhook_attempts"]) {
      await expect(world.database.pool.query(statement)).rejects.toThrow("permission denied");
    }
  });

  it("goes with its event after 30 days", async () => {
    const { url } = world.receive();
    const hook = await world.subscribe(url);
    const event = await world.publish(hook.store_id, "order.placed");
    await world.runWaiting(hook.id);
    await world.database.owner.query(
      "update store.events set receive_time = now() - interval '31 days' where id = $1",
      [
        event,
      ],
    );
    await createJobs(world.deps)["reap_events"]?.({});
    expect(await world.deps.webhooks.listDeliveries(hook.id, undefined, undefined, 10)).toEqual([]);
  });
});

import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import type { Actor } from "../../proto/gen/nano/common/v1/common.ts";
import { ANONYMOUS } from "../shared/context.ts";
import { newId, sha256 } from "../shared/ids.ts";
import { startService, type TestService } from "./testing.ts";

let service: TestService;
let manager: Actor;
const STORE = newId();

before(async () => {
  service = await startService();
  const { actor } = await service.register(STORE);
  manager = { ...actor, store_roles: [{ store_id: STORE, role: "manager" }] };
});
after(() => service?.stop());

const create = (more: object = {}, actor = manager) =>
  service.as(
    actor,
    (user) =>
      user.createApiKey({ store_id: STORE, kind: "secret", name: "Warehouse", scopes: ["stock:write"], ...more }),
  );
const check = async (key: string) => {
  const hash = await sha256(key);
  return await service.as(ANONYMOUS, (user) => user.checkApiKey({ hash }));
};

describe("an API key", () => {
  it("is shown once, and kept by its hash", async () => {
    const { key, api_key } = await create();
    expect(key).toMatch(/^nano_sk_[\w-]{43}$/);
    expect(api_key).toMatchObject({ prefix: "nano_sk_", last4: key.slice(-4), creator_id: manager.user_id });
    expect((await create({ kind: "publishable", scopes: [] })).key).toMatch(/^nano_pk_[\w-]{43}$/);
    const { rows } = await service.database.owner.query(
      `select k::text as found from "user".api_keys k union all
       select l::text from "user".audit_log l where table_name = 'api_keys'`,
    );
    expect(rows.length).toBeGreaterThan(2);
    expect(JSON.stringify(rows)).not.toContain(key.slice(8));
    const { rows: [made] } = await service.database.owner.query(
      `select actor, action, after ->> 'hash' as hash from "user".audit_log where table_name = 'api_keys' and row_id = $1`,
      [api_key?.id],
    );
    expect(made).toEqual({ actor: `user:${manager.user_id}`, action: "insert", hash: "changed" });
  });

  it("tells when it was used, written at most once a minute", async () => {
    const { key, api_key } = await create();
    expect((await check(key)).last_used_time).toBe(undefined);
    const first = (await check(key)).last_used_time;
    expect(first).toBeInstanceOf(Date);
    expect((await check(key)).last_used_time).toEqual(first);
    await service.database.owner.query(
      `update "user".api_keys set last_used_time = now() - interval '2 minutes' where id = $1`,
      [api_key?.id],
    );
    await check(key);
    expect((await check(key)).last_used_time?.getTime()).toBeGreaterThanOrEqual(first?.getTime() ?? Infinity);
  });

  it("is dead once it is revoked, and stays in the list", async () => {
    const { key, api_key } = await create();
    const revoke = (actor: Actor) => service.as(actor, (user) => user.revokeApiKey({ id: api_key?.id ?? "" }));
    const stranger: Actor = { ...manager, store_roles: [{ store_id: newId(), role: "manager" }] };
    await expect(revoke(stranger)).rejects.toMatchObject({ code: "api_key_not_found" });
    expect((await revoke(manager)).hash).toBe(await sha256(key));
    await revoke(manager);
    await expect(check(key)).rejects.toMatchObject({ code: "invalid_api_key" });
    const { data } = await service.as(manager, (user) => user.listApiKeys({ store_id: STORE, limit: 100 }));
    expect(data.find(({ id }) => id === api_key?.id)?.revoke_time).toBeInstanceOf(Date);
  });

  for (
    const [sentence, more, code] of [
      ["a scope that keys never have", { scopes: ["user:write"] }, "invalid_scopes"],
      ["one that makes further keys", { scopes: ["key:write"] }, "invalid_scopes"],
      ["one that there is not", { scopes: ["everything"] }, "invalid_scopes"],
      ["no scope", { scopes: [] }, "invalid_scopes"],
      ["a scope of a publishable key", { kind: "publishable" }, "invalid_scopes"],
      ["another kind", { kind: "master" }, "invalid_kind"],
      ["an empty name", { name: " " }, "invalid_name"],
    ] as const
  ) {
    it(`refuses ${sentence}`, () => expect(create(more)).rejects.toMatchObject({ code }));
  }

  it("is made by managers in their own store, not by support, strangers or keys", async () => {
    await expect(create({ store_id: newId() })).rejects.toMatchObject({ code: "store_not_found" });
    const support: Actor = { ...manager, store_roles: [{ store_id: STORE, role: "support" }] };
    await expect(create({}, support)).rejects.toMatchObject({ code: "forbidden" });
    await expect(create({}, ANONYMOUS)).rejects.toMatchObject({ code: "unauthenticated" });
    const api_key = { id: newId(), store_id: STORE, scopes: ["key:write"] };
    await expect(create({}, { kind: "api_key", store_roles: [], api_key })).rejects.toMatchObject({
      code: "forbidden",
    });
  });
});

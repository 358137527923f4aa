import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import type { Actor } from "../../proto/gen/nano/common/v1/common.ts";
import type { UpdateUserRequest } from "../../proto/gen/nano/user/v1/user.ts";
import { ANONYMOUS, SYSTEM } from "../shared/context.ts";
import { newId } from "../shared/ids.ts";
import { createLog } from "../shared/log.ts";
import { ensureAdmin } from "./ensure_admin.ts";
import { literal, PASSWORD, startService, type TestService } from "./testing.ts";
import { listStatement } from "./user_list_repository.ts";

let service: TestService;
let admin: Actor;
before(async () => {
  service = await startService();
  admin = await service.admin();
});
after(() => service?.stop());

const update = (actor: Actor, request: Partial<UpdateUserRequest> & { id: string }) =>
  service.as(
    actor,
    (user) => user.updateUser({ store_roles: [], ...request, has_store_roles: request.store_roles !== undefined }),
  );
const get = (actor: Actor, id: string) => service.as(actor, (user) => user.getUser({ id }));
const list = (
  actor: Actor,
  filter: { store_id?: string; q?: string; role?: string; limit?: number; cursor?: string; count?: boolean } = {},
) => service.as(actor, (user) => user.listUsers({ limit: 20, count: false, ...filter }));
const alive = (session_id: string) =>
  service.as(ANONYMOUS, (user) => user.checkSession({ session_id })).then(() => true, () => false);
const login = (email: string, password = PASSWORD) =>
  service.as(ANONYMOUS, (user) => user.login({ email, password, store_id: newId() }));

/** Somebody with roles in stores, signed in with them. */
async function staff(...store_roles: { store_id: string; role: string }[]) {
  const made = await service.register();
  await update(admin, { id: made.user?.id ?? "", store_roles });
  const tokens = await login(made.email);
  return { id: made.user?.id ?? "", email: made.email, tokens, actor: await service.actorOf(tokens) };
}

async function buyer(store_id: string) {
  const made = await service.register(store_id);
  return { ...made, id: made.user?.id ?? "" };
}

describe("GetUser", () => {
  it("gives oneself, and everybody to an admin", async () => {
    const { id, actor } = await buyer(newId());
    expect((await get(actor, id)).id).toBe(id);
    expect((await get(admin, id)).id).toBe(id);
    expect((await get(SYSTEM, id)).id).toBe(id);
  });

  it("gives a manager staff and buyers of the own store, with the roles there only", async () => {
    const [store, other] = [newId(), newId()];
    const manager = await staff({ store_id: store, role: "manager" });
    const helper = await staff({ store_id: store, role: "support" }, { store_id: other, role: "manager" });
    const [here, there] = [await buyer(store), await buyer(other)];
    expect((await get(manager.actor, here.id)).id).toBe(here.id);
    expect((await get(manager.actor, helper.id)).store_roles).toEqual([{ store_id: store, role: "support" }]);
    await expect(get(manager.actor, there.id)).rejects.toMatchObject({ kind: "not_found", code: "user_not_found" });
    await service.as(SYSTEM, (user) => user.linkCustomer({ user_id: there.id, store_id: store }));
    await service.as(SYSTEM, (user) => user.linkCustomer({ user_id: there.id, store_id: store }));
    expect((await get(manager.actor, there.id)).id).toBe(there.id);
  });

  it("refuses strangers, customers and support", async () => {
    const [one, two] = [await buyer(newId()), await staff({ store_id: newId(), role: "support" })];
    await expect(get(ANONYMOUS, one.id)).rejects.toMatchObject({ kind: "unauthenticated" });
    await expect(get(one.actor, two.id)).rejects.toMatchObject({ kind: "forbidden" });
    await expect(get(two.actor, one.id)).rejects.toMatchObject({ kind: "forbidden" });
  });

  it("knows no user by what is not an id", async () => {
    await expect(get(admin, "x")).rejects.toMatchObject({ code: "user_not_found" });
    await expect(get(admin, newId())).rejects.toMatchObject({ code: "user_not_found" });
  });
});

describe("LinkCustomer", () => {
  it("is for services and the user alone", async () => {
    const [one, two] = [await buyer(newId()), await buyer(newId())];
    const link = (actor: Actor, user_id: string) =>
      service.as(actor, (user) => user.linkCustomer({ user_id, store_id: newId() }));
    await link(one.actor, one.id);
    await expect(link(one.actor, two.id)).rejects.toMatchObject({ kind: "forbidden" });
    await expect(link(SYSTEM, newId())).rejects.toMatchObject({ code: "user_not_found" });
  });
});

describe("ListUsers", () => {
  it("gives a manager the people of the own store, newest first, page by page, and counts them", async () => {
    const store = newId();
    const manager = await staff({ store_id: store, role: "manager" });
    const buyers = [];
    for (let i = 0; i < 5; i++) buyers.push(await buyer(store));
    const expected = [...buyers.map((one) => one.id).reverse(), manager.id];
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await list(manager.actor, { limit: 2, count: true, ...(cursor ? { cursor } : {}) });
      expect(page.total).toBe(6);
      found.push(...page.data.map((user) => user.id));
      cursor = page.next_cursor;
    } while (cursor);
    expect(found).toEqual(expected);
  });

  it("searches parts of names and addresses, taking wildcards as they are", async () => {
    const store = newId();
    const [one, two] = [await buyer(store), await buyer(store)];
    await update(one.actor, { id: one.id, name: "Zoë 100%_Smith" });
    const search = async (q: string) => (await list(admin, { store_id: store, q })).data.map((user) => user.id);
    expect(await search("ZOË")).toEqual([one.id]);
    expect(await search("100%_s")).toEqual([one.id]);
    expect(await search("%")).toEqual([one.id]);
    expect(await search(two.email.slice(4, 30))).toEqual([two.id]);
    expect(await search("\\")).toEqual([]);
  });

  it("filters by role on the platform and in stores", async () => {
    const store = newId();
    const manager = await staff({ store_id: store, role: "manager" });
    const helper = await staff({ store_id: store, role: "support" });
    await buyer(store);
    const found = async (role: string) => (await list(manager.actor, { role })).data.map((user) => user.id);
    expect(await found("support")).toEqual([helper.id]);
    expect(await found("manager")).toEqual([manager.id]);
    expect(await found("admin")).toEqual([]);
    expect(await found("customer")).toHaveLength(3);
    expect((await list(admin, { role: "admin" })).data.map((user) => user.id)).toContain(admin.user_id);
    await expect(found("owner")).rejects.toMatchObject({ kind: "invalid", code: "invalid_role" });
  });

  it("refuses others, other stores and made-up cursors", async () => {
    const manager = await staff({ store_id: newId(), role: "manager" });
    const { actor } = await buyer(newId());
    await expect(list(ANONYMOUS)).rejects.toMatchObject({ kind: "unauthenticated" });
    await expect(list(actor)).rejects.toMatchObject({ kind: "forbidden" });
    await expect(list(manager.actor, { store_id: newId() })).rejects.toMatchObject({ code: "store_not_found" });
    for (const key of [["x", newId()], ["2026-13-45T00:00:00.000Z", newId()], [new Date().toISOString(), "x"]]) {
      const cursor = btoa(JSON.stringify(key)).replaceAll("=", "").replaceAll("+", "-").replaceAll("/", "_");
      await expect(list(admin, { cursor })).rejects.toMatchObject({ kind: "invalid", code: "invalid_cursor" });
    }
  });

  it("finds its pages and its searches by an index among 50,000", async () => {
    const { owner } = service.database;
    const store = newId();
    // Without the trigger: an audit of these is of no interest.
    await owner.query(`begin; alter table "user".users disable trigger audit;
      insert into "user".users (id, email, password_hash, create_time)
        select gen_random_uuid(), 'bulk' || n || '@many.test', '$argon2id$', now() - interval '1 year' - n * interval '1 second'
        from generate_series(1, 50000) n;
      insert into "user".store_customers (user_id, store_id)
        select id, case when random() < 0.001 then '${store}' else gen_random_uuid() end from "user".users where email like 'bulk%';
      alter table "user".users enable trigger audit; commit`);
    // As autovacuum does: it also merges what the trigram index has yet to take in.
    await owner.query(`vacuum analyze "user".users, "user".store_customers, "user".store_roles`);
    const plan = async (text: string, how = "") =>
      (await owner.query(`explain ${how} ${text}`)).rows.map((row) => row["QUERY PLAN"]).join("\n");
    expect(await plan('select id from "user".users order by create_time desc, id desc limit 21')).toContain(
      "users_create_time_idx",
    );
    expect(await plan("select id from \"user\".users where role = 'admin' order by create_time desc, id desc limit 21"))
      .toContain("users_role_idx");
    expect(
      await plan(
        "select id from \"user\".users where search like '%bulk4711@%' order by create_time desc, id desc limit 21",
      ),
    ).toContain("users_search_idx");
    expect(await plan("select id from \"user\".users where lower(email) = 'x@y.test'")).toContain("users_email_key");
    const people = await plan(literal(listStatement({}, [store], 21)));
    expect(people).toContain("store_customers_store_idx");
    expect(people).not.toContain("Seq Scan on users");
    // As many again, in one store: of them no more is read than the page has.
    const big = newId();
    await owner.query(`insert into "user".store_customers (user_id, store_id)
      select id, '${big}' from "user".users where email like 'bulk%'`);
    await owner.query(`analyze "user".store_customers`);
    for (const filter of [{}, { role: "customer" }, { role: "admin" }, { role: "support" }, { q: "bulk4711@" }]) {
      const read = await plan(literal(listStatement(filter, [big], 21)), "(analyze, timing off)");
      const most = Math.max(...[...read.matchAll(/actual rows=(\d+)/g)].map(([, rows]) => Number(rows)));
      expect({ filter, most, few: most < 1_000 }).toEqual({ filter, most, few: true });
    }
    for (const [filter, total] of [[{}, 50_000], [{ role: "customer" }, 50_000], [{ q: "bulk471" }, 111]] as const) {
      expect(await list(admin, { ...filter, store_id: big, limit: 1, count: true })).toMatchObject({ total });
    }
  });

  it("gives each once who is known to several stores, page by page, and counts as many", async () => {
    const [one, two] = [newId(), newId()];
    const manager = await staff({ store_id: one, role: "manager" }, { store_id: two, role: "manager" });
    const helper = await staff({ store_id: two, role: "support" });
    const ids = [];
    for (const store of [one, two, one, two]) ids.push((await buyer(store)).id);
    const boss = await buyer(one);
    await update(admin, { id: boss.id, role: "admin" });
    for (const id of [...ids, boss.id, helper.id]) {
      await service.as(SYSTEM, (user) => user.linkCustomer({ user_id: id, store_id: two }));
    }
    const customers = [...ids.toReversed(), helper.id, manager.id];
    for (
      const [filter, expected] of [
        [{}, [boss.id, ...customers]],
        [{ role: "customer" }, customers],
        [{ role: "admin" }, [boss.id]],
        [{ role: "support" }, [helper.id]],
        [{ store_id: one, role: "customer" }, [ids[2], ids[0], manager.id]],
        [{ store_id: two }, [boss.id, ...customers]],
      ] as const
    ) {
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await list(manager.actor, { ...filter, limit: 2, count: true, ...(cursor ? { cursor } : {}) });
        expect({ filter, total: page.total }).toEqual({ filter, total: expected.length });
        found.push(...page.data.map((user) => user.id));
        cursor = page.next_cursor;
      } while (cursor);
      expect({ filter, found }).toEqual({ filter, found: expected });
    }
  });
});

describe("UpdateUser", () => {
  it("lets the owner change name and, with the password, the e-mail address", async () => {
    const { id, actor, session_id } = await buyer(newId());
    expect((await update(actor, { id, name: " Ada " })).user?.name).toBe("Ada");
    expect((await update(actor, { id, name: "" })).user?.name).toBe(undefined);
    const email = `${newId()}@shop.test`;
    await expect(update(actor, { id, email })).rejects.toMatchObject({
      kind: "invalid",
      code: "current_password_required",
    });
    await expect(update(actor, { id, email, current_password: "wrong one" })).rejects.toMatchObject({
      kind: "forbidden",
      code: "wrong_password",
    });
    expect((await update(actor, { id, email: email.toUpperCase(), current_password: PASSWORD })).user?.email).toBe(
      email,
    );
    expect(await alive(session_id)).toBe(true);
  });

  it("refuses another's e-mail address", async () => {
    const [one, two] = [await buyer(newId()), await buyer(newId())];
    await expect(update(one.actor, { id: one.id, email: two.email, current_password: PASSWORD })).rejects.toMatchObject(
      { code: "email_taken" },
    );
  });

  it("ends all other sessions when the owner changes the password", async () => {
    const { id, actor, email, session_id } = await buyer(newId());
    const other = await login(email);
    const password = "another good password";
    const { dead_session_ids } = await update(actor, { id, password, current_password: PASSWORD });
    expect(dead_session_ids).toEqual([other.session_id]);
    expect([await alive(session_id), await alive(other.session_id)]).toEqual([true, false]);
    await expect(login(email)).rejects.toMatchObject({ code: "invalid_credentials" });
    await login(email, password);
    await expect(update(actor, { id, password: "short", current_password: password })).rejects.toMatchObject({
      code: "weak_password",
    });
  });

  it("takes one of two passwords that are set by the same present one at once", async () => {
    const { id, actor, email } = await buyer(newId());
    const passwords = ["the first good password", "the second good password"];
    const answers = await Promise.allSettled(
      passwords.map((password) => update(actor, { id, password, current_password: PASSWORD })),
    );
    const set = answers.findIndex(({ status }) => status === "fulfilled");
    expect(answers.filter(({ status }) => status === "rejected")).toMatchObject([{
      reason: { code: "wrong_password" },
    }]);
    await login(email, passwords[set]);
  });

  it("ends every session when an admin sets the password, a role or roles in stores; not when nothing changes", async () => {
    const { id, email, session_id } = await buyer(newId());
    expect((await update(admin, { id, password: "a password of the admin" })).dead_session_ids).toEqual([session_id]);
    const login2 = await login(email, "a password of the admin");
    const store_id = newId();
    expect((await update(admin, { id, store_roles: [{ store_id, role: "manager" }] })).dead_session_ids).toEqual([
      login2.session_id,
    ]);
    const login3 = await login(email, "a password of the admin");
    expect(
      (await update(admin, { id, store_roles: [{ store_id, role: "manager" }], role: "customer" })).dead_session_ids,
    ).toEqual([]);
    expect((await update(admin, { id, role: "admin" })).dead_session_ids).toEqual([login3.session_id]);
    expect(await alive(login3.session_id)).toBe(false);
  });

  it("lets a manager set roles in the own store and leaves those elsewhere as they are", async () => {
    const [store, other] = [newId(), newId()];
    const manager = await staff({ store_id: store, role: "manager" });
    const helper = await staff({ store_id: store, role: "support" }, { store_id: other, role: "manager" });
    const { user } = await update(manager.actor, {
      id: helper.id,
      store_roles: [{ store_id: store, role: "manager" }],
    });
    expect(user?.store_roles).toEqual([{ store_id: store, role: "manager" }]);
    const all = (await get(admin, helper.id)).store_roles;
    expect(all).toHaveLength(2);
    expect(all).toContainEqual({ store_id: other, role: "manager" });
    await update(manager.actor, { id: helper.id, store_roles: [] });
    expect((await get(admin, helper.id)).store_roles).toEqual([{ store_id: other, role: "manager" }]);
    // Neither staff nor customer of the store any more.
    await expect(get(manager.actor, helper.id)).rejects.toMatchObject({ code: "user_not_found" });
  });

  it("refuses what a manager, support or a customer may not", async () => {
    const [store, other] = [newId(), newId()];
    const manager = await staff({ store_id: store, role: "manager" });
    const support = await staff({ store_id: store, role: "support" });
    const [here, there] = [await buyer(store), await buyer(other)];
    const forbidden = { kind: "forbidden" };
    await expect(update(manager.actor, { id: here.id, store_roles: [{ store_id: other, role: "support" }] })).rejects
      .toMatchObject(forbidden);
    await expect(update(manager.actor, { id: here.id, role: "admin" })).rejects.toMatchObject(forbidden);
    await expect(update(manager.actor, { id: here.id, email: "x@y.test" })).rejects.toMatchObject(forbidden);
    await expect(update(manager.actor, { id: manager.id, store_roles: [] })).rejects.toMatchObject(forbidden);
    await expect(update(manager.actor, { id: there.id, store_roles: [] })).rejects.toMatchObject({ kind: "not_found" });
    await expect(update(support.actor, { id: here.id, store_roles: [] })).rejects.toMatchObject(forbidden);
    await expect(update(here.actor, { id: here.id, role: "admin" })).rejects.toMatchObject(forbidden);
    await expect(update(here.actor, { id: there.id, name: "x" })).rejects.toMatchObject(forbidden);
    await expect(update(ANONYMOUS, { id: here.id, name: "x" })).rejects.toMatchObject({ kind: "unauthenticated" });
    await expect(update(admin, { id: admin.user_id ?? "", role: "customer" })).rejects.toMatchObject(forbidden);
  });

  it("keeps one admin when two demote each other at once", async () => {
    const lonely = await startService();
    try {
      const [one, two] = [await lonely.admin(), await lonely.admin()];
      const demote = (actor: Actor, id = "") =>
        lonely.as(actor, (user) => user.updateUser({ id, role: "customer", store_roles: [], has_store_roles: false }));
      const results = await Promise.allSettled([demote(one, two.user_id), demote(two, one.user_id)]);
      expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
      expect(results.find((result) => result.status === "rejected")).toMatchObject({ reason: { code: "last_admin" } });
      expect(await lonely.repository.hasAdmin()).toBe(true);
    } finally {
      await lonely.stop();
    }
  });
});

describe("the audit", () => {
  it("tells who changed what, personal columns by name only", async () => {
    const { id, email } = await buyer(newId());
    const store_id = newId();
    await update(admin, { id, name: "Ada Lovelace", store_roles: [{ store_id, role: "support" }] });
    await update(admin, { id, store_roles: [{ store_id, role: "manager" }] });
    const { rows } = await service.database.owner.query(
      `select actor, table_name, row_id, action, before, after from "user".audit_log
       where row_id = $1 or after->>'user_id' = $1 or before->>'user_id' = $1 order by id`,
      [id],
    );
    expect(rows.map((row) => `${row.table_name} ${row.action}`)).toEqual([
      "users insert",
      "users update",
      "store_roles insert",
      "store_roles delete",
      "store_roles insert",
    ]);
    expect(rows[1]).toMatchObject({ actor: `user:${admin.user_id}`, row_id: id, after: { name: "changed" } });
    expect(rows[4].after).toMatchObject({ store_id, role: "manager" });
    const text = JSON.stringify(rows);
    for (const secret of [email, "Ada", "argon2"]) expect(text).not.toContain(secret);
  });

  it("cannot be changed by the service", async () => {
    const { pool } = service.database;
    await expect(pool.query("update audit_log set actor = 'x'")).rejects.toMatchObject({ code: "42501" });
    await expect(pool.query("delete from audit_log")).rejects.toMatchObject({ code: "42501" });
  });
});

describe("ensureAdmin()", () => {
  const log = createLog("user", { LOG_LEVEL: "ERROR" });
  const ensure = (
    config: { ENVIRONMENT: "development" | "production"; ADMIN_EMAIL?: string; ADMIN_PASSWORD?: string },
  ) => ensureAdmin({ config, repository: service.repository, passwords: service.passwords, log });

  it("makes the operator once and leaves the account as it is later", async () => {
    const email = `${newId()}@shop.test`;
    await ensure({ ENVIRONMENT: "production", ADMIN_EMAIL: email.toUpperCase(), ADMIN_PASSWORD: PASSWORD });
    await ensure({ ENVIRONMENT: "production", ADMIN_EMAIL: email, ADMIN_PASSWORD: "another password" });
    expect((await login(email)).user?.role).toBe("admin");
  });

  it("refuses a weak password in production by the variable's name", async () => {
    await expect(
      ensure({ ENVIRONMENT: "production", ADMIN_EMAIL: `${newId()}@shop.test`, ADMIN_PASSWORD: "password1" }),
    ).rejects.toThrow("ADMIN_PASSWORD");
  });

  it("lets the shop start without one", async () => {
    await ensure({ ENVIRONMENT: "production" });
  });
});

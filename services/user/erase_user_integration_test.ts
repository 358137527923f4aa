import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import type { Actor } from "../../proto/gen/nano/common/v1/common.ts";
import { ANONYMOUS, withContext, withTimeout } from "../shared/context.ts";
import { unavailable } from "../shared/errors.ts";
import { newId, newToken, sha256 } from "../shared/ids.ts";
import { eraseEverywhere, eraseUser } from "./erase_user.ts";
import type { Neighbours } from "./clients.ts";
import type { Repository } from "./repository.ts";
import { resetPassword } from "./reset_password.ts";
import { idle, PASSWORD, startService, type TestService } from "./testing.ts";

/** The hash of a password that nobody has. */
const USELESS = "$argon2id$useless";

/** Steps in the order in which they are done. */
const STEPS = ["eraseOrders", "erasePayments", "eraseCarts", "eraseEvents"] as const;

describe("to erase a user", () => {
  let service: TestService;
  let calls: string[];
  let broken: string | undefined;
  let open: number[];
  let asked: (string | undefined)[];

  const step = <T>(name: string, answer: T) => (...given: unknown[]): Promise<T> => {
    if (name === broken) return Promise.reject(unavailable());
    calls.push(`${name} ${JSON.stringify(given.slice(1))}`);
    return Promise.resolve(answer);
  };
  const neighbours: Neighbours = {
    ...idle,
    openOrders: (_id, email) => {
      asked.push(email);
      return Promise.resolve(open);
    },
    eraseOrders: step("eraseOrders", ["an-order"]),
    erasePayments: step("erasePayments", undefined),
    eraseCarts: step("eraseCarts", undefined),
    eraseEvents: step("eraseEvents", undefined),
  };
  before(async () => {
    service = await startService();
  });
  after(() => service?.stop());

  async function begin(email?: string) {
    [calls, broken, open, asked] = [[], undefined, [], []];
    const person = await service.register(undefined, email);
    const id = person.actor.user_id ?? "";
    const { repository, passwords } = service;
    const deps = { repository, passwords, neighbours };
    return {
      ...person,
      id,
      erase: (password = PASSWORD) => withTimeout(10_000, () => eraseUser(deps, person.actor, id, password)),
      run: () => withTimeout(10_000, () => eraseEverywhere(deps, id)),
    };
  }

  for (const name of STEPS) {
    it(`goes on after ${name} failed, and is done once`, async () => {
      const { id, email, erase, run } = await begin();
      await erase();
      broken = name;
      await expect(run()).rejects.toMatchObject({ code: "unavailable" });
      expect(await service.repository.findErasure(id)).toMatchObject({ state: "erasing", done_time: undefined });
      broken = undefined;
      await run();
      expect(await service.repository.findErasure(id)).toMatchObject({ state: "erased", done_time: expect.any(Date) });
      expect(await service.repository.findCredentials(email)).toBeUndefined();
      const before = calls.length;
      await run();
      expect(calls.length).toBe(before);
    });
  }

  it("hands an e-mail address that nobody proved to no neighbour, and one that is proven only for orders", async () => {
    const stranger = await begin();
    await stranger.erase();
    await stranger.run();
    expect(calls).toEqual([
      "eraseOrders [null]",
      'erasePayments [["an-order"]]',
      "eraseCarts []",
      'eraseEvents [["an-order"]]',
    ]);
    expect(asked).toEqual([undefined]);
    const known = await begin();
    await service.database.owner.query(`update "user".users set email_verified_time = now() where id = $1`, [known.id]);
    await known.erase();
    await known.run();
    expect(asked).toEqual([known.email]);
    expect(calls[0]).toBe(`eraseOrders ["${known.email}"]`);
  });

  it("ends the sessions and the password at once", async () => {
    const { erase, session_id, email } = await begin();
    const known = await service.repository.findCredentials(email);
    const { dead_session_ids, erasure } = await erase();
    expect(dead_session_ids).toEqual([session_id]);
    expect(erasure?.state).toBe("erasing");
    const locked = await service.repository.findCredentials(email);
    expect(locked?.password_hash).not.toBe(known?.password_hash);
    expect(await service.repository.findSession(session_id)).toBeUndefined();
  });

  it("lets nobody back in while it goes on: by no link, and by no password that an admin sets", async () => {
    const { repository, passwords, database: { owner } } = service;
    const { erase, id, email } = await begin();
    const mailReset = async () => {
      await repository.insertResetToken(email, undefined);
      const { rows: [row] } = await owner.query<{ id: string }>(
        `select id from "user".mail_tokens where user_id = $1 and purpose = 'reset' and end_time is null`,
        [id],
      );
      const token = newToken();
      return row && await repository.armMailToken(row.id, await sha256(token)) && token;
    };
    const token = await mailReset() ?? "";
    await erase();
    await expect(resetPassword({ repository, passwords }, { token, password: "back from the dead" })).rejects
      .toMatchObject({ code: "invalid_link" });
    expect(await mailReset()).toBeUndefined();

    const password = "back from the dead";
    const password_hash = await passwords.hash(password);
    await repository.updateUser({ id, password_hash, stores: "all", spare_session_id: undefined });
    const login = { email, password, store_id: newId(), client: undefined };
    await expect(service.as(ANONYMOUS, (user) => user.login(login))).rejects.toMatchObject({
      code: "invalid_credentials",
    });
  });

  it("needs the password, and no order under way", async () => {
    const { erase, id } = await begin();
    await expect(erase("wrong password")).rejects.toMatchObject({ code: "wrong_password" });
    await expect(erase("")).rejects.toMatchObject({ code: "current_password_required" });
    open = [1001, 1002];
    await expect(erase()).rejects.toMatchObject({
      code: "orders_in_progress",
      extras: { members: { orders: [1001, 1002] } },
    });
    expect(await service.repository.findErasure(id)).toBeUndefined();
  });

  it("takes the person out of events that wait, and waits for one that is under way", async () => {
    const { id, email, erase, run } = await begin();
    const { owner } = service.database;
    await erase();
    const jobs = () =>
      owner.query(`select payload::text as text from user_jobs._private_jobs where payload::text like $1`, [
        `%${email}%`,
      ]);
    expect((await jobs()).rowCount).toBeGreaterThan(0);
    await owner.query(`update user_jobs._private_jobs set locked_at = now() where payload::text like $1`, [
      `%${email}%`,
    ]);
    await expect(run()).rejects.toMatchObject({ code: "unavailable" });
    await owner.query("update user_jobs._private_jobs set locked_at = null");
    await run();
    expect((await jobs()).rowCount).toBe(0);
    const { rows } = await owner.query(
      `select payload ->> 'type' as type from user_jobs._private_jobs where payload::text like $1`,
      [`%${id}%`],
    );
    expect(rows.map(({ type }) => type)).toEqual(expect.arrayContaining(["customer.created", "customer.erased"]));
  });

  it("leaves neither an invitation nor a link that was asked for under the address", async () => {
    const { email, erase, run } = await begin();
    const { repository, database: { owner } } = service;
    await erase();
    await repository.askForReset(email, await sha256(email), newId());
    await owner.query(
      `insert into "user".mail_tokens (id, purpose, email, store_id, role, expire_time)
       values ($1, 'invite', $2, $1, 'support', now() + interval '7 days')`,
      [newId(), email],
    );
    await run();
    const { rows } = await owner.query(
      `select email from "user".mail_tokens where email = $1
       union all select payload::text from user_jobs._private_jobs where payload::text like '%' || $1 || '%'`,
      [email],
    );
    expect(rows).toEqual([]);
  });

  it("knows oneself by an id in capitals, too", async () => {
    const { erase: _, id, actor } = await begin();
    const loud = id.toUpperCase();
    const { repository, passwords } = service;
    await expect(service.as(actor, (user) => user.eraseUser({ id: loud }))).rejects
      .toMatchObject({ code: "current_password_required" });
    const deps = { repository, passwords, neighbours };
    await expect(withTimeout(10_000, () => eraseUser(deps, actor, loud, undefined))).rejects
      .toMatchObject({ code: "current_password_required" });
    const { erasure } = await withTimeout(10_000, () => eraseUser(deps, actor, loud, PASSWORD));
    expect(erasure?.id).toBe(id);
  });

  it("lets what is held be exported however often it was, or the person signed in: the newest 1,000 of each", async () => {
    const { id, actor } = await begin();
    const { owner } = service.database;
    const ids = Array.from({ length: 1_010 }, newId);
    for (
      const statement of [
        `insert into "user".exports (id, kind, user_id) select id, 'person', $2 from unnest($1::uuid[]) id`,
        `insert into "user".sessions (id, user_id, expire_time, last_expire_time)
         select id, $2, now(), now() from unnest($1::uuid[]) id`,
      ]
    ) await owner.query(statement, [ids, id]);
    const { data_json } = await service.as(actor, (user) => user.exportPerson({ user_id: id, order_ids: [] }));
    const told = JSON.parse(data_json) as Record<"exports" | "sessions", { id: string }[]>;
    expect(told.exports.map((row) => row.id)).toEqual(ids.toReversed().slice(0, 1_000));
    expect(told.sessions.map((row) => row.id)).toEqual(ids.toReversed().slice(0, 1_000));
  });

  it("keeps the last admin", async () => {
    const { repository, passwords } = service;
    const first = await service.admin();
    const deps = { repository, passwords, neighbours };
    open = [];
    await expect(withTimeout(10_000, () => eraseUser(deps, first, first.user_id ?? "", PASSWORD))).rejects
      .toMatchObject({
        code: "last_admin",
      });
    const loud = (first.user_id ?? "").toUpperCase();
    for (const password of [undefined, PASSWORD]) {
      await expect(service.as(first, (user) => user.eraseUser({ id: loud, ...(password ? { password } : {}) }))).rejects
        .toMatchObject({ code: password ? "last_admin" : "current_password_required" });
    }
    await expect(withTimeout(10_000, () => repository.beginErasure(loud, true, "useless"))).rejects.toMatchObject({
      code: "last_admin",
    });
    const second = await service.admin();
    const { erasure } = await withTimeout(10_000, () => eraseUser(deps, first, first.user_id ?? "", PASSWORD));
    expect(erasure?.state).toBe("erasing");
    // Who is being erased is none any more.
    await expect(withTimeout(10_000, () => eraseUser(deps, second, second.user_id ?? "", PASSWORD))).rejects
      .toMatchObject({ code: "last_admin" });
  });

  it("is told in an export what others changed, not from where they did", async () => {
    const { id, actor } = await begin();
    const [own, others] = ["203.0.113.0/24", "198.51.100.0/24"];
    const rename = (who: Actor, network: string) =>
      withContext(
        { request_id: "rename", actor: who, deadline: Date.now() + 10_000, network },
        () => service.client.updateUser({ id, name: network, store_roles: [], has_store_roles: false }),
      );
    await rename(actor, own);
    await rename(await service.admin(), others);
    const { data_json } = await service.as(actor, (user) => user.exportPerson({ user_id: id, order_ids: [] }));
    const { audit } = JSON.parse(data_json) as { audit: { action: string; network: string }[] };
    expect(audit.filter(({ action }) => action === "update").map(({ network }) => network)).toEqual(["", own]);
  });

  for (
    const [what, go] of [
      ["are erased", ({ beginErasure }, id) => beginErasure(id, true, USELESS)],
      [
        "are erased or demoted",
        async ({ beginErasure, updateUser }, id, at) =>
          at === 0
            ? await beginErasure(id, true, USELESS)
            : await updateUser({ id, role: "customer", stores: "all", spare_session_id: undefined }),
      ],
    ] as [string, (repository: Repository, id: string, at: number) => Promise<unknown>][]
  ) {
    it(`keeps one admin of two who ${what} at once`, async () => {
      const lonely = await startService();
      try {
        for (let round = 0; round < 5; round++) {
          const ids = [await lonely.admin(), await lonely.admin()].map(({ user_id = "" }) => user_id);
          const results = await withTimeout(
            10_000,
            () => Promise.allSettled(ids.map((id, at) => go(lonely.repository, id, at))),
          );
          expect(results.find((result) => result.status === "rejected")).toMatchObject({
            reason: { code: "last_admin" },
          });
          await lonely.database.owner.query(`truncate "user".users, "user".erasures cascade`);
        }
      } finally {
        await lonely.stop();
      }
    });
  }
});

import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import type { Actor } from "../../proto/gen/nano/common/v1/common.ts";
import type { Tokens } from "../../proto/gen/nano/user/v1/user.ts";
import { ANONYMOUS } from "../shared/context.ts";
import { newId } from "../shared/ids.ts";
import { PASSWORD, startService, type TestService } from "./testing.ts";

let service: TestService;
before(async () => void (service = await startService()));
after(() => service?.stop());

const client = { network: "203.0.113.0/24", user_agent: "Browser/1\u0000\n" + "x".repeat(400) };
const login = (email: string) =>
  service.as(ANONYMOUS, (user) => user.login({ email, password: PASSWORD, store_id: newId(), client }));
const list = (actor: Actor, user_id = actor.user_id ?? "", limit = 20, cursor?: string) =>
  service.as(actor, (user) => user.listSessions({ user_id, limit, cursor }));
const end = async (actor: Actor, user_id: string, id?: string) =>
  (await service.as(actor, (user) => user.endSessions({ user_id, id }))).dead_session_ids;
const alive = ({ session_id }: Tokens) =>
  service.as(ANONYMOUS, (user) => user.checkSession({ session_id })).then(() => true, () => false);
const hire = async (admin: Actor, user_id: string, ...roles: [string, string][]) => {
  const store_roles = roles.map(([store_id, role]) => ({ store_id, role }));
  await service.as(admin, (user) => user.updateUser({ id: user_id, store_roles, has_store_roles: true }));
};

describe("sessions", () => {
  it("are listed by their owner, newest first, page by page, with where they came from", async () => {
    const first = await service.register();
    const second = await login(first.email);
    const page = await list(first.actor, undefined, 1);
    expect(page.data).toMatchObject([{ id: second.session_id, ip: "203.0.113.0/24" }]);
    expect(page.data[0]?.user_agent).toBe(`Browser/1  ${"x".repeat(289)}`);
    expect(page.data[0]?.last_used_time?.getTime()).toBeGreaterThan(Date.now() - 60_000);
    const rest = await list(first.actor, undefined, 1, page.next_cursor);
    expect(rest.data.map(({ id, ip }) => [id, ip])).toEqual([[first.session_id, undefined]]);
    expect(rest.next_cursor).toBe(undefined);
  });

  it("say when they were last used, to a minute, and by a refresh from where", async () => {
    const { session_id, refresh_token, actor } = await service.register();
    const used = async () => (await list(actor)).data[0];
    await service.database.owner.query(
      `update "user".sessions set last_used_time = now() - interval '1 hour' where id = $1`,
      [session_id],
    );
    await Promise.all(
      Array.from({ length: 5 }, () => service.as(ANONYMOUS, (user) => user.checkSession({ session_id }))),
    );
    expect((await used())?.last_used_time?.getTime()).toBeGreaterThan(Date.now() - 60_000);
    await service.as(ANONYMOUS, (user) => user.refresh({ refresh_token, client: { ...client, user_agent: "B" } }));
    expect(await used()).toMatchObject({ ip: "203.0.113.0/24", user_agent: "B" });
  });

  it("are ended by their owner: one, or all others", async () => {
    const first = await service.register();
    const [second, third, fourth] = [await login(first.email), await login(first.email), await login(first.email)];
    const me = first.actor.user_id ?? "";
    expect(await end(first.actor, me, second.session_id)).toEqual([second.session_id]);
    await expect(end(first.actor, me, second.session_id)).rejects.toMatchObject({ code: "session_not_found" });
    expect((await end(first.actor, me)).sort()).toEqual([third.session_id, fourth.session_id].sort());
    expect(await Promise.all([first, second, third, fourth].map(alive))).toEqual([true, false, false, false]);
    const refresh = { refresh_token: third.refresh_token };
    await expect(service.as(ANONYMOUS, (user) => user.refresh(refresh))).rejects.toMatchObject({
      code: "invalid_token",
    });
  });

  it("of others are out of reach, by whatever id", async () => {
    const [one, two] = [await service.register(), await service.register()];
    const [me, they] = [one.actor.user_id ?? "", two.actor.user_id ?? ""];
    await expect(end(one.actor, me, two.session_id)).rejects.toMatchObject({ code: "session_not_found" });
    await expect(end(one.actor, they, two.session_id)).rejects.toMatchObject({ kind: "forbidden" });
    await expect(list(one.actor, they)).rejects.toMatchObject({ kind: "forbidden" });
    await expect(list(ANONYMOUS, me)).rejects.toMatchObject({ kind: "unauthenticated" });
    await expect(end(one.actor, me, "' or 1=1 --")).rejects.toMatchObject({ code: "session_not_found" });
    expect(await alive(two)).toBe(true);
  });

  it("are seen and ended by admins, and by managers of own staff alone; the audit names who", async () => {
    const admin = await service.admin();
    const [store_id, elsewhere] = [newId(), newId()];
    const boss = await service.register();
    const manager = { ...boss.actor, store_roles: [{ store_id, role: "manager" }] };
    const [support, shared, buyer, stranger] = [
      await service.register(),
      await service.register(),
      await service.register(store_id),
      await service.register(),
    ];
    const idOf = ({ actor }: { actor: Actor }) => actor.user_id ?? "";
    await hire(admin, idOf(boss), [store_id, "manager"]);
    await hire(admin, idOf(support), [store_id, "support"]);
    await hire(admin, idOf(shared), [store_id, "support"], [elsewhere, "support"]);
    const again = await login(support.email);

    expect((await list(manager, idOf(support))).data.map(({ id }) => id)).toEqual([again.session_id]);
    expect(await end(manager, idOf(support), again.session_id)).toEqual([again.session_id]);
    for (const other of [shared, buyer]) {
      await expect(list(manager, idOf(other))).rejects.toMatchObject({ kind: "forbidden" });
      await expect(end(manager, idOf(other))).rejects.toMatchObject({ kind: "forbidden" });
    }
    await expect(list(manager, idOf(stranger))).rejects.toMatchObject({ code: "user_not_found" });
    await expect(end(manager, admin.user_id ?? "")).rejects.toMatchObject({ code: "user_not_found" });
    expect(await end(admin, idOf(buyer))).toEqual([buyer.session_id]);
    expect(await alive(buyer)).toBe(false);

    const { rows } = await service.database.owner.query(
      `select actor, after from "user".audit_log where table_name = 'sessions' and row_id = any($1::text[]) order by id`,
      [[again.session_id, buyer.session_id]],
    );
    expect(rows.map(({ actor }) => actor)).toEqual([`user:${manager.user_id}`, `user:${admin.user_id}`]);
    expect(rows[0].after).toMatchObject({ end_reason: "staff" });
  });
});

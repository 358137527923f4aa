import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { ANONYMOUS } from "../shared/context.ts";
import { newId, newToken, sha256 } from "../shared/ids.ts";
import { PASSWORD, startService, type TestService } from "./testing.ts";

let service: TestService;
before(async () => void (service = await startService()));
after(() => service?.stop());

const refresh = (refresh_token: string) => service.as(ANONYMOUS, (user) => user.refresh({ refresh_token }));
const check = (session_id: string) => service.as(ANONYMOUS, (user) => user.checkSession({ session_id }));
const login = (email: string, password: string, store_id: string = newId()) =>
  service.as(ANONYMOUS, (user) => user.login({ email, password, store_id }));
/** Lets the spending of a token be so long ago. */
const age = async (token: string, seconds: number) =>
  service.database.owner.query(
    `update "user".refresh_tokens set spent_time = spent_time - make_interval(secs => $2) where hash = $1`,
    [await sha256(token), seconds],
  );

describe("Register", () => {
  it("signs in, links the store, and tells it in the same transaction", async () => {
    const store_id = newId();
    const { user, session_id, expires_in } = await service.register(store_id);
    expect(user).toMatchObject({ role: "customer", store_roles: [] });
    expect(expires_in).toBe(600);
    expect(await check(session_id)).toMatchObject({ id: session_id, user_id: user?.id, customer_of: [store_id] });
    const { rows } = await service.database.owner.query(
      `select payload from user_jobs._private_jobs where payload->>'store_id' = $1`,
      [store_id],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0].payload).toMatchObject({ type: "customer.created" });
    expect(JSON.parse(rows[0].payload.data_json)).toMatchObject({ id: user?.id, email: user?.email });
  });

  it("refuses an e-mail address that somebody has, in whatever case", async () => {
    const { email } = await service.register();
    await expect(service.register(newId(), ` ${email.toUpperCase()} `)).rejects.toMatchObject({
      kind: "conflict",
      code: "email_taken",
    });
  });

  it("makes one account of ten at once", async () => {
    const email = `${newId()}@shop.test`;
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => service.register(newId(), email)));
    expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
    for (const result of results) if (result.status === "rejected") expect(result.reason.code).toBe("email_taken");
  });

  it("refuses a weak password by its field", async () => {
    const request = { email: `${newId()}@shop.test`, password: "password", store_id: newId() };
    await expect(service.as(ANONYMOUS, (user) => user.register(request))).rejects.toMatchObject({
      kind: "invalid",
      code: "weak_password",
      extras: { errors: [{ pointer: "/password", code: "weak_password" }] },
    });
  });

  it("stores neither the password nor a token", async () => {
    const { email, refresh_token } = await service.register();
    const { rows } = await service.database.owner.query(
      `select row_to_json(u)::text || row_to_json(s)::text || row_to_json(t)::text as all from "user".users u
       join "user".sessions s on s.user_id = u.id join "user".refresh_tokens t on t.session_id = s.id where u.email = $1`,
      [email],
    );
    expect(rows[0].all).toContain("$argon2id$v=19$m=19456,t=2,p=1$");
    expect(rows[0].all).not.toContain(refresh_token);
    expect(rows[0].all).not.toContain(PASSWORD);
  });
});

describe("Login", () => {
  it("opens another session and links the store", async () => {
    const { email, session_id } = await service.register();
    const store_id = newId();
    const second = await login(email.toUpperCase(), PASSWORD, store_id);
    expect(second.session_id).not.toBe(session_id);
    expect((await check(second.session_id)).customer_of).toContain(store_id);
    await check(session_id);
  });

  it("makes no customer of an admin", async () => {
    const { email = "" } = await service.admin();
    const { session_id } = await login(email, PASSWORD, newId());
    expect((await check(session_id)).customer_of).toEqual([]);
  });

  it("says the same of a wrong password, an unknown address and what is no address", async () => {
    const { email } = await service.register();
    const errors = await Promise.all(
      [[email, "wrong password"], [`${newId()}@shop.test`, PASSWORD], ["nobody", PASSWORD]].map((
        [address = "", password = ""],
      ) => login(address, password).then(() => undefined, ({ kind, code, message }) => ({ kind, code, message }))),
    );
    expect(errors[0]).toMatchObject({ kind: "unauthenticated", code: "invalid_credentials" });
    expect(errors[1]).toEqual(errors[0]);
    expect(errors[2]).toEqual(errors[0]);
  });

  it("opens no session on a password that was changed meanwhile", async () => {
    const { email, user } = await service.register();
    const known = await service.repository.findCredentials(email);
    await service.repository.updateUser({
      id: user?.id ?? "",
      password_hash: await service.passwords.hash("another good one"),
      stores: [],
      spare_session_id: undefined,
    });
    const session = {
      user_id: user?.id ?? "",
      password_hash: known?.password_hash ?? "",
      session_id: newId(),
      refresh_hash: await sha256(newToken()),
      client: { network: null, user_agent: null },
    };
    expect(await service.repository.openSession(session, undefined)).toBe(false);
  });
});

describe("Refresh", () => {
  it("spends the token for a new pair of the same session", async () => {
    const first = await service.register();
    const second = await refresh(first.refresh_token);
    expect(second.session_id).toBe(first.session_id);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(second.user?.id).toBe(first.user?.id);
    await refresh(second.refresh_token);
  });

  it("lets another tab show the token within 10 s while its successor is unused", async () => {
    const first = await service.register();
    const [one, two] = [await refresh(first.refresh_token), await refresh(first.refresh_token)];
    expect(one.refresh_token).not.toBe(two.refresh_token);
    await refresh(one.refresh_token);
    await refresh(two.refresh_token);
  });

  it("ends the family when a token is shown after its successor was used", async () => {
    const first = await service.register();
    const second = await refresh(first.refresh_token);
    const third = await refresh(second.refresh_token);
    await expect(refresh(first.refresh_token)).rejects.toMatchObject({ kind: "unauthenticated", code: "token_reused" });
    await expect(refresh(third.refresh_token)).rejects.toMatchObject({
      kind: "unauthenticated",
      code: "invalid_token",
    });
    await expect(check(first.session_id)).rejects.toMatchObject({ kind: "unauthenticated" });
  });

  it("ends the family when a token is shown after 10 s, even if its successor is unused", async () => {
    const first = await service.register();
    const second = await refresh(first.refresh_token);
    await age(first.refresh_token, 11);
    await expect(refresh(first.refresh_token)).rejects.toMatchObject({ code: "token_reused" });
    await expect(refresh(second.refresh_token)).rejects.toMatchObject({ code: "invalid_token" });
  });

  it("does not let another tab move the 10 s", async () => {
    const first = await service.register();
    await refresh(first.refresh_token);
    await age(first.refresh_token, 9);
    await refresh(first.refresh_token);
    await age(first.refresh_token, 2);
    await expect(refresh(first.refresh_token)).rejects.toMatchObject({ code: "token_reused" });
  });

  it("leaves other sessions of the user alone", async () => {
    const first = await service.register();
    const other = await login(first.email, PASSWORD);
    const second = await refresh(first.refresh_token);
    await refresh(second.refresh_token);
    await expect(refresh(first.refresh_token)).rejects.toMatchObject({ code: "token_reused" });
    await refresh(other.refresh_token);
  });

  it("serves 20 at once with 20 different tokens, and all of them work", async () => {
    const first = await service.register();
    const pairs = await Promise.all(Array.from({ length: 20 }, () => refresh(first.refresh_token)));
    expect(new Set(pairs.map((pair) => pair.refresh_token)).size).toBe(20);
    await Promise.all(pairs.map((pair) => refresh(pair.refresh_token)));
  });

  it("of 20 replays at once lets none through, and the family is dead", async () => {
    const first = await service.register();
    const second = await refresh(first.refresh_token);
    const third = await refresh(second.refresh_token);
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => refresh(first.refresh_token)));
    for (const result of results) {
      expect(result).toMatchObject({ status: "rejected", reason: { code: "token_reused" } });
    }
    await expect(refresh(third.refresh_token)).rejects.toMatchObject({ code: "invalid_token" });
  });

  it("refuses an unknown token, and an expired one", async () => {
    await expect(refresh(newToken())).rejects.toMatchObject({ kind: "unauthenticated", code: "invalid_token" });
    const { refresh_token } = await service.register();
    await service.database.owner.query(
      `update "user".refresh_tokens set expire_time = now() where hash = $1`,
      [await sha256(refresh_token)],
    );
    await expect(refresh(refresh_token)).rejects.toMatchObject({ code: "invalid_token" });
  });

  it("slides by 14 days, up to 60 in all", async () => {
    const { refresh_token, session_id } = await service.register();
    await service.database.owner.query(
      `update "user".sessions set last_expire_time = now() + interval '15 days', expire_time = now() + interval '1 day' where id = $1`,
      [session_id],
    );
    const days = async () =>
      (await service.database.owner.query(
        `select round(extract(epoch from expire_time - now()) / 86400) as days from "user".sessions where id = $1`,
        [session_id],
      )).rows[0].days;
    const next = await refresh(refresh_token);
    expect(await days()).toBe("14");
    await service.database.owner.query(
      `update "user".sessions set last_expire_time = now() + interval '3 days', expire_time = now() + interval '1 day' where id = $1`,
      [session_id],
    );
    await refresh(next.refresh_token);
    expect(await days()).toBe("3");
  });
});

describe("Logout", () => {
  it("ends the session, its tokens, and nothing else", async () => {
    const first = await service.register();
    const other = await login(first.email, PASSWORD);
    await service.as(first.actor, (user) => user.logout({}));
    await expect(check(first.session_id)).rejects.toMatchObject({ kind: "unauthenticated" });
    await expect(refresh(first.refresh_token)).rejects.toMatchObject({ code: "invalid_token" });
    await check(other.session_id);
  });

  it("is not for strangers", async () => {
    await expect(service.as(ANONYMOUS, (user) => user.logout({}))).rejects.toMatchObject({ kind: "unauthenticated" });
  });
});

describe("CheckSession", () => {
  it("refuses unknown, expired and malformed ids", async () => {
    await expect(check(newId())).rejects.toMatchObject({ kind: "unauthenticated" });
    await expect(check("' or 1=1 --")).rejects.toMatchObject({ kind: "unauthenticated" });
    const { session_id } = await service.register();
    await service.database.owner.query(`update "user".sessions set expire_time = now() where id = $1`, [session_id]);
    await expect(check(session_id)).rejects.toMatchObject({ kind: "unauthenticated" });
  });
});

describe("reaping", () => {
  it("deletes what ended or expired a day ago, and keeps the rest", async () => {
    const [ended, expired, alive] = [await service.register(), await service.register(), await service.register()];
    const { owner } = service.database;
    await owner.query(
      `update "user".sessions set end_time = now() - interval '2 days', end_reason = 'logout' where id = $1`,
      [ended.session_id],
    );
    await owner.query(
      `update "user".sessions set expire_time = now() - interval '2 days' where id = $1`,
      [expired.session_id],
    );
    await service.repository.reap();
    const { rows } = await owner.query(
      `select s.id from "user".sessions s join "user".refresh_tokens t on t.session_id = s.id where s.id = any($1)`,
      [[ended, expired, alive].map((tokens) => tokens.session_id)],
    );
    expect(rows).toEqual([{ id: alive.session_id }]);
  });

  it("finds them by their indexes among those that live", async () => {
    const { owner } = service.database;
    const { user } = await service.register();
    await owner.query(
      `insert into "user".sessions (id, user_id, expire_time, last_expire_time, end_time, end_reason)
         select gen_random_uuid(), $1, now() + interval '1 day', now() + interval '1 day',
           case when n % 3 = 0 then now() end, case when n % 3 = 0 then 'logout' end from generate_series(1, 5000) n`,
      [user?.id],
    );
    await owner.query(`analyze "user".sessions`);
    const { rows } = await owner.query(
      `explain select ctid from "user".sessions
       where expire_time < now() - interval '1 day' or end_time < now() - interval '1 day' limit 200`,
    );
    const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
    expect(plan).not.toContain("Seq Scan");
    expect(plan).toContain("sessions_end_idx");
  });
});

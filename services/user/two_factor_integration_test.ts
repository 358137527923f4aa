import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { Secret, TOTP } from "otpauth";
import type { Actor } from "../../proto/gen/nano/common/v1/common.ts";
import { ANONYMOUS } from "../shared/context.ts";
import { newId } from "../shared/ids.ts";
import { createVault } from "../shared/vault.ts";
import { PASSWORD, startService, type TestService } from "./testing.ts";

let service: TestService;
before(async () => service = await startService());
after(() => service?.stop());

const STORE = newId();
const refusal = (code: string) => ({ code });

/** A manager, signed in. */
async function manager(): Promise<{ actor: Actor; email: string; session_id: string }> {
  const { actor, email, session_id } = await service.register(STORE);
  return { email, session_id, actor: { ...actor, store_roles: [{ store_id: STORE, role: "manager" }] } };
}

/** A manager with a second factor; its app is 30 s behind, so that the present code was not used yet. */
async function enrolled() {
  const person = await manager();
  const { secret } = await service.as(person.actor, (user) => user.beginTotp({}));
  const app = new TOTP({ secret: Secret.fromBase32(secret) });
  const { recovery_codes } = await service.as(
    person.actor,
    (user) => user.confirmTotp({ code: app.generate({ timestamp: Date.now() - 30_000 }) }),
  );
  return { ...person, secret, recovery_codes, code: () => app.generate() };
}

const login = (email: string, code?: string) =>
  service.as(ANONYMOUS, (user) => {
    const request = { email, password: PASSWORD, store_id: STORE, client: undefined };
    return user.login(code === undefined ? request : { ...request, code });
  });

describe("a second factor", () => {
  it("is asked for once it is confirmed, and after the password", async () => {
    const { actor, email } = await manager();
    const { secret, uri } = await service.as(actor, (user) => user.beginTotp({}));
    expect(uri).toContain(secret);
    await login(email);
    await expect(service.as(actor, (user) => user.confirmTotp({ code: "000000" }))).rejects
      .toMatchObject(refusal("invalid_totp"));
    const code = new TOTP({ secret: Secret.fromBase32(secret) }).generate();
    await service.as(actor, (user) => user.confirmTotp({ code }));
    await expect(login(email)).rejects.toMatchObject(refusal("totp_required"));
    const wrong = service.as(
      ANONYMOUS,
      (user) => user.login({ email, password: "not the password", store_id: STORE, client: undefined, code }),
    );
    await expect(wrong).rejects.toMatchObject(refusal("invalid_credentials"));
  });

  it("that is in use is not replaced by a new one", async () => {
    const { actor, email, code } = await enrolled();
    await expect(service.as(actor, (user) => user.beginTotp({}))).rejects.toMatchObject(refusal("totp_enabled"));
    await expect(service.as(actor, (user) => user.confirmTotp({ code: code() }))).rejects
      .toMatchObject(refusal("totp_enabled"));
    await login(email, code());
  });

  it("takes no code twice, of many at once one", async () => {
    const { email, code } = await enrolled();
    const given = code();
    const answers = await Promise.allSettled(Array.from({ length: 5 }, () => login(email, given)));
    expect(answers.filter(({ status }) => status === "fulfilled").length).toBe(1);
    await expect(login(email, given)).rejects.toMatchObject(refusal("invalid_totp"));
  });

  it("takes each recovery code once, and none of those that were replaced", async () => {
    const { actor, email, recovery_codes: [first = "", second = "", third = ""] } = await enrolled();
    await login(email, first);
    await expect(login(email, first)).rejects.toMatchObject(refusal("invalid_totp"));
    const renewed = await service.as(actor, (user) => user.renewRecoveryCodes({ code: second }));
    await expect(login(email, third)).rejects.toMatchObject(refusal("invalid_totp"));
    await login(email, renewed.recovery_codes[0]);
    expect(await service.as(actor, (user) => user.getTotp({}))).toMatchObject({
      enabled: true,
      recovery_codes_left: 9,
    });
  });

  it("is turned off by a code only, or by an admin", async () => {
    const { actor, email, recovery_codes } = await enrolled();
    await expect(service.as(actor, (user) => user.disableTotp({ code: "000000" }))).rejects
      .toMatchObject(refusal("invalid_totp"));
    await service.as(actor, (user) => user.disableTotp({ code: recovery_codes[0] ?? "" }));
    await login(email);

    const other = await enrolled();
    const reset = (by: Actor) => service.as(by, (user) => user.resetTotp({ user_id: other.actor.user_id ?? "" }));
    await expect(reset(actor)).rejects.toMatchObject(refusal("forbidden"));
    const admin = await service.admin();
    await reset(admin);
    await login(other.email);
    await expect(reset(admin)).rejects.toMatchObject(refusal("totp_not_found"));
    const { rows } = await service.database.owner.query(
      `select actor, action from "user".audit_log where table_name = 'totp' and row_id = $1 order by id desc limit 1`,
      [other.actor.user_id],
    );
    expect(rows).toEqual([{ actor: `user:${admin.user_id}`, action: "delete" }]);
  });

  it("is set up soon after signing in, or after the password again: not in a session that somebody left open", async () => {
    const { actor, session_id } = await manager();
    const begin = () => service.as(actor, (user) => user.beginTotp({}));
    await begin();
    const age = (minutes: number) =>
      service.database.owner.query(
        `update "user".sessions set create_time = now() - $2 * interval '1 minute', confirm_time = confirm_time - $2 * interval '1 minute' where id = $1`,
        [session_id, minutes],
      );
    await age(11);
    await expect(begin()).rejects.toMatchObject(refusal("step_up_required"));
    const stepUp = (password: string) => service.as(actor, (user) => user.stepUp({ password }));
    await expect(stepUp("not the password")).rejects.toMatchObject(refusal("wrong_password"));
    await expect(begin()).rejects.toMatchObject(refusal("step_up_required"));
    await stepUp(PASSWORD);
    await begin();
    await age(11);
    await expect(begin()).rejects.toMatchObject(refusal("step_up_required"));
  });

  it("is for staff", async () => {
    const { actor } = await service.register();
    await expect(service.as(actor, (user) => user.beginTotp({}))).rejects.toMatchObject(refusal("forbidden"));
  });

  it("leaves neither its secret nor its recovery codes in any table", async () => {
    const { actor, secret, recovery_codes: [recovery = ""] } = await enrolled();
    const { rows } = await service.database.owner.query<{ found: string }>(
      `select t::text || encode(t.secret, 'escape') as found from "user".totp t where id = $1
       union all select l::text from "user".audit_log l where table_name = 'totp' and row_id = $1::text`,
      [actor.user_id],
    );
    expect(rows.length).toBeGreaterThan(2);
    const text = rows.map(({ found }) => found).join("\n");
    for (const hidden of [secret, recovery, recovery.replaceAll("-", "")]) expect(text).not.toContain(hidden);
  });

  it("is sealed for one user under one key", async () => {
    const config = { DATABASE_URL: "postgres://user:password@localhost/nano" };
    const vault = await createVault(config, "second factors");
    const sealed = await vault.seal("a secret", "ada");
    expect(await vault.open(sealed, "ada")).toBe("a secret");
    expect(await vault.open(sealed, "eve")).toBe(undefined);
    expect(await (await createVault(config, "something else")).open(sealed, "ada")).toBe(undefined);
  });
});

describe("a confirmed session", () => {
  it("lasts five minutes, and is reached by a code or the password", async () => {
    const { actor, session_id, recovery_codes } = await enrolled();
    const check = () => service.as(ANONYMOUS, (user) => user.checkSession({ session_id }));
    expect((await check()).confirmed_until).toBe(0);
    await expect(service.as(actor, (user) => user.stepUp({ password: "wrong" }))).rejects
      .toMatchObject(refusal("wrong_password"));
    await expect(service.as(actor, (user) => user.stepUp({ code: "000000" }))).rejects
      .toMatchObject(refusal("invalid_totp"));
    await expect(service.as(actor, (user) => user.stepUp({}))).rejects.toMatchObject(refusal("code_or_password"));
    await service.as(actor, (user) => user.stepUp({ code: recovery_codes[0] ?? "" }));
    const { expire_time } = await service.as(actor, (user) => user.stepUp({ password: PASSWORD }));
    const session = await check();
    expect(session).toMatchObject({ totp: true, totp_required: false, step_up_refund_amount: 500 });
    expect(Math.abs((session.confirmed_until ?? 0) - (expire_time?.getTime() ?? 0))).toBeLessThanOrEqual(1);
    const left = (session.confirmed_until ?? 0) - Date.now();
    expect(left > 240_000 && left <= 300_000).toBe(true);
  });

  it("is what another's password and e-mail address wait for, but not another's name", async () => {
    const admin = await service.admin();
    const asked: Actor = { ...admin, step_up: true };
    const other = await service.admin();
    const change = (given: { password?: string; email?: string; name?: string }) =>
      service.as(
        asked,
        (user) => user.updateUser({ id: other.user_id ?? "", ...given, store_roles: [], has_store_roles: false }),
      );
    for (const given of [{ password: "taken over by somebody" }, { email: `${newId()}@nano.test` }]) {
      await expect(change(given)).rejects.toMatchObject(refusal("step_up_required"));
    }
    await change({ name: "Grace" });
  });

  it("is what roles, accounts of staff and keys wait for", async () => {
    const { actor } = await manager();
    const asked: Actor = { ...actor, step_up: true };
    const { actor: member } = await service.register(STORE);
    const store_roles = [{ store_id: STORE, role: "support" }];
    const acts = [
      () =>
        service.as(asked, (user) => user.updateUser({ id: member.user_id ?? "", store_roles, has_store_roles: true })),
      () =>
        service.as(
          asked,
          (user) => user.createUser({ email: `${newId()}@nano.test`, password: PASSWORD, store_roles }),
        ),
      () =>
        service.as(
          asked,
          (user) => user.createApiKey({ store_id: STORE, kind: "publishable", name: "Front", scopes: [] }),
        ),
    ];
    for (const act of acts) await expect(act()).rejects.toMatchObject(refusal("step_up_required"));
  });

  it("is what another's second factor and the operator's rules wait for", async () => {
    const asked: Actor = { ...await service.admin(), step_up: true };
    const { actor } = await enrolled();
    const settings = { require_totp: false, step_up_refund_amount: 1_000_000 };
    const acts = [
      () => service.as(asked, (user) => user.resetTotp({ user_id: actor.user_id ?? "" })),
      () => service.as(asked, (user) => user.putSecuritySettings({ settings })),
    ];
    for (const act of acts) await expect(act()).rejects.toMatchObject(refusal("step_up_required"));
    expect(await service.as(actor, (user) => user.getTotp({}))).toMatchObject({ enabled: true });
  });

  it("is not reached by the password of who has the e-mail address by now", async () => {
    const { actor } = await manager();
    const { email } = await manager();
    await expect(service.as({ ...actor, email }, (user) => user.stepUp({ password: PASSWORD }))).rejects
      .toMatchObject(refusal("wrong_password"));
  });

  it("is none that has ended", async () => {
    const { actor } = await manager();
    await service.as(actor, (user) => user.logout({}));
    await expect(service.as(actor, (user) => user.stepUp({ password: PASSWORD }))).rejects
      .toMatchObject(refusal("unauthenticated"));
  });
});

describe("the operator's rules", () => {
  it("are set by admins, and told with each session", async () => {
    const { actor, session_id } = await manager();
    const admin = await service.admin();
    const settings = { require_totp: true, step_up_refund_amount: 50 };
    await expect(service.as(actor, (user) => user.putSecuritySettings({ settings }))).rejects
      .toMatchObject(refusal("forbidden"));
    try {
      expect(await service.as(admin, (user) => user.putSecuritySettings({ settings }))).toEqual(settings);
      expect(await service.as(ANONYMOUS, (user) => user.checkSession({ session_id })))
        .toMatchObject({ totp: false, totp_required: true, step_up_refund_amount: 50 });
      expect(await service.as(actor, (user) => user.getTotp({}))).toMatchObject({ required: true });
    } finally {
      await service.as(
        admin,
        (user) => user.putSecuritySettings({ settings: { require_totp: false, step_up_refund_amount: 500 } }),
      );
    }
  });
});

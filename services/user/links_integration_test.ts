import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { ANONYMOUS } from "../shared/context.ts";
import { newId, newToken } from "../shared/ids.ts";
import type { Mail } from "./mail.ts";
import { requestPasswordReset } from "./reset_password.ts";
import { resendVerification } from "./verify_email.ts";
import { PASSWORD, startService, type TestService } from "./testing.ts";

let service: TestService;
before(async () => void (service = await startService()));
after(() => service?.stop());

const NEXT = "another good password";
const store_id = newId();
const login = (email: string, password: string) =>
  service.as(ANONYMOUS, (user) => user.login({ email, password, store_id }));
const check = (session_id: string) => service.as(ANONYMOUS, (user) => user.checkSession({ session_id }));
const forgot = (email: string) => service.as(ANONYMOUS, (user) => user.requestPasswordReset({ email, store_id }));
const reset = (token: string, password = NEXT) =>
  service.as(ANONYMOUS, (user) => user.resetPassword({ token, password }));
const verify = (token: string) => service.as(ANONYMOUS, (user) => user.verifyEmail({ token }));
const linkOf = (mail: Mail | undefined) => /https:\S+/.exec(mail?.text ?? "")?.[0] ?? "";
const tokenOf = (mail: Mail | undefined) => new URL(linkOf(mail)).searchParams.get("token") ?? "";

/** Somebody new, whose mail of welcome was read. */
async function somebody() {
  const person = await service.register(store_id);
  const [mail] = await service.mails();
  return { ...person, mail };
}

async function resetMail(email: string): Promise<Mail | undefined> {
  await forgot(email);
  return (await service.mails())[0];
}

const verified = async (email: string) =>
  (await service.repository.findCredentials(email))?.user.email_verified ?? false;

describe("a password that was forgotten", () => {
  it("is set anew by a mailed link, once, and every session ends", async () => {
    const { email, session_id } = await somebody();
    const other = await login(email, PASSWORD);
    const mail = await resetMail(` ${email.toUpperCase()} `);
    expect(mail).toMatchObject({ to: email, subject: "Tea & <Cakes>: set a new password" });
    expect(linkOf(mail)).toMatch(/^https:\/\/tea\.test\/account\/reset-password\?token=[\w-]{43}$/);
    expect(mail?.html).toContain("Tea &amp; &lt;Cakes&gt;");

    const { dead_session_ids } = await reset(tokenOf(mail));
    expect(dead_session_ids.sort()).toEqual([session_id, other.session_id].sort());
    await expect(check(session_id)).rejects.toMatchObject({ kind: "unauthenticated" });
    await expect(login(email, PASSWORD)).rejects.toMatchObject({ code: "invalid_credentials" });
    await login(email, NEXT);
    await expect(reset(tokenOf(mail))).rejects.toMatchObject({ kind: "invalid", code: "invalid_link" });
    // Who got the mail has the address.
    expect(await verified(email)).toBe(true);
  });

  it("makes no mail, and no difference, for an unknown address or none at all", async () => {
    for (const email of [`${newId()}@shop.test`, "nobody", ""]) {
      expect(await forgot(email)).toEqual({});
    }
    expect(await service.mails()).toEqual([]);
  });

  it("stays if the new one is weak, and the link is not spent by that", async () => {
    const { email } = await somebody();
    const token = tokenOf(await resetMail(email));
    await expect(reset(token, "short")).rejects.toMatchObject({ code: "weak_password" });
    await expect(reset(token, email)).rejects.toMatchObject({ code: "weak_password" });
    await reset(token);
  });

  it("is set by the newest link only, and by one of many at once", async () => {
    const { email } = await somebody();
    const older = tokenOf(await resetMail(email));
    const newer = tokenOf(await resetMail(email));
    await expect(reset(older)).rejects.toMatchObject({ code: "invalid_link" });
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => reset(newer)));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("is not set by a link that expired, was made up, or is for something else", async () => {
    const { email, mail: welcome } = await somebody();
    const token = tokenOf(await resetMail(email));
    await service.database.owner.query(
      `update "user".mail_tokens set expire_time = now() where purpose = 'reset' and end_time is null`,
    );
    for (const bad of [token, newToken(), tokenOf(welcome), "", "x".repeat(43)]) {
      await expect(reset(bad)).rejects.toMatchObject({ code: "invalid_link" });
    }
    await login(email, PASSWORD);
  });

  it("is not set by a link from before the password was changed", async () => {
    const { email, actor } = await somebody();
    const token = tokenOf(await resetMail(email));
    const change = { id: actor.user_id ?? "", password: "a third password", current_password: PASSWORD };
    await service.as(actor, (user) => user.updateUser({ ...change, store_roles: [], has_store_roles: false }));
    await expect(reset(token)).rejects.toMatchObject({ code: "invalid_link" });
  });

  it("is mailed for five times an hour at most, however many ask at once", async () => {
    const { email } = await somebody();
    await Promise.all(Array.from({ length: 8 }, () => service.repository.insertResetToken(email, store_id)));
    const mails = await service.mails();
    // All but the newest were replaced before they were sent.
    expect(mails).toHaveLength(1);
    const { rows: [{ count }] } = await service.database.owner.query(
      `select count(*)::int as count from "user".mail_tokens t join "user".users u on u.id = t.user_id
       where u.email = $1 and t.purpose = 'reset'`,
      [email],
    );
    expect(count).toBe(5);
    await service.database.owner.query(
      `update "user".mail_tokens t set create_time = now() - interval '1 hour' from "user".users u
       where u.id = t.user_id and u.email = $1`,
      [email],
    );
    await service.repository.insertResetToken(email, store_id);
    const [later] = await service.mails();
    await expect(reset(tokenOf(mails[0]))).rejects.toMatchObject({ code: "invalid_link" });
    await reset(tokenOf(later));
  });
});

describe("where mail is off", () => {
  it("what needs one is refused, whoever asks for whom, and registering goes on without", async () => {
    const deps = { ...service, mailer: undefined };
    const { email, actor } = await somebody();
    const request = (asked: { email: string; store_id: string }) => requestPasswordReset(deps, asked);
    for (
      const ask of [
        () => request({ email: `${newId()}@shop.test`, store_id }),
        () => request({ email, store_id }),
        () => resendVerification(deps, actor.user_id ?? "", store_id),
      ]
    ) await expect(ask()).rejects.toMatchObject({ kind: "conflict", code: "mail_off" });
    const user = { id: newId(), email: `${newId()}@shop.test`, name: null, password_hash: "$argon2id$x" };
    const client = { network: null, user_agent: null };
    const session = { session_id: newId(), refresh_hash: newId().replaceAll("-", "").repeat(2), client };
    await service.repository.register(user, session, store_id, false);
    expect(await service.mails()).toEqual([]);
  });
});

describe("a mailed token", () => {
  it("is stored as a hash only, made when it is sent, and never again", async () => {
    const { email } = await somebody();
    await forgot(email);
    const mails = await service.mails();
    const token = tokenOf(mails[0]);
    const { rows: [{ all }] } = await service.database.owner.query(
      `select coalesce(string_agg(row_to_json(t)::text, ''), '') || (select coalesce(string_agg(payload::text, ''), '')
         from user_jobs._private_jobs) || (select coalesce(string_agg(row_to_json(a)::text, ''), '') from "user".audit_log a)
       as all from "user".mail_tokens t`,
    );
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(all).not.toContain(token);
  });

  it("that a failed attempt made gives way to that of the next", async () => {
    const { email } = await somebody();
    await service.repository.insertResetToken(email, store_id);
    const { rows: [{ id }] } = await service.database.owner.query(
      `select id from "user".mail_tokens where purpose = 'reset' and end_time is null and hash is null`,
    );
    await service.repository.armMailToken(id, "0".repeat(64));
    const [mail] = await service.mails();
    await reset(tokenOf(mail));
  });

  it("is deleted a day after its end", async () => {
    const { email } = await somebody();
    await resetMail(email);
    const { owner } = service.database;
    await owner.query(
      `update "user".mail_tokens set expire_time = now() - interval '2 days' where purpose = 'reset' and user_id = (select id from "user".users where email = $1)`,
      [email],
    );
    await service.repository.reapMailTokens();
    const { rows } = await owner.query(
      `select purpose from "user".mail_tokens where user_id = (select id from "user".users where email = $1)`,
      [email],
    );
    expect(rows).toEqual([{ purpose: "verify" }]);
  });
});

describe("an e-mail address", () => {
  it("is asked to be proven on registering, and is by the link, once, by whoever has it", async () => {
    const { email, mail } = await somebody();
    expect(mail).toMatchObject({ to: email });
    expect(linkOf(mail)).toContain("https://tea.test/account/verify-email?token=");
    expect(await verified(email)).toBe(false);
    await verify(tokenOf(mail));
    expect(await verified(email)).toBe(true);
    await expect(verify(tokenOf(mail))).rejects.toMatchObject({ code: "invalid_link" });
  });

  it("is asked for again on request, at most five times an hour, until it is proven", async () => {
    const { actor, mail } = await somebody();
    const resend = () => service.as(actor, (user) => user.resendVerification({ store_id }));
    for (let i = 0; i < 4; i++) await resend();
    await expect(resend()).rejects.toMatchObject({ kind: "too_many" });
    const mails = await service.mails();
    await expect(verify(tokenOf(mail))).rejects.toMatchObject({ code: "invalid_link" });
    await verify(tokenOf(mails.at(-1)));
    await expect(resend()).rejects.toMatchObject({ code: "already_verified" });
  });

  it("that changes is proven anew: old links are worth nothing, and the mail goes to the new one", async () => {
    const { email, actor, mail } = await somebody();
    const forgotten = await resetMail(email);
    const next = `${newId()}@shop.test`;
    const change = { id: actor.user_id ?? "", email: next, current_password: PASSWORD, store_id };
    await service.as(actor, (user) => user.updateUser({ ...change, store_roles: [], has_store_roles: false }));
    const [asked] = await service.mails();
    expect(asked?.to).toBe(next);
    for (const old of [mail, forgotten]) {
      await expect(verify(tokenOf(old))).rejects.toMatchObject({ code: "invalid_link" });
      await expect(reset(tokenOf(old))).rejects.toMatchObject({ code: "invalid_link" });
    }
    await verify(tokenOf(asked));
    expect(await verified(next)).toBe(true);
  });

  it("of staff is proven at the console", async () => {
    const { email, actor } = await somebody();
    const admin = await service.admin();
    const roles = { id: actor.user_id ?? "", store_roles: [{ store_id, role: "support" }], has_store_roles: true };
    await service.as(admin, (user) => user.updateUser(roles));
    expect(linkOf(await resetMail(email))).toContain("https://console.test/reset-password?token=");
  });
});

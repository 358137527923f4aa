import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import type { Actor } from "../../proto/gen/nano/common/v1/common.ts";
import { ANONYMOUS } from "../shared/context.ts";
import { newId, newToken } from "../shared/ids.ts";
import type { Mail } from "./mail.ts";
import { PASSWORD, startService, type TestService } from "./testing.ts";

let service: TestService;
let admin: Actor;
before(async () => {
  service = await startService();
  admin = await service.admin();
});
after(() => service?.stop());

const newEmail = () => `${newId()}@shop.test`;
const tokenOf = (mail: Mail | undefined) =>
  new URL(/https:\S+/.exec(mail?.text ?? "")?.[0] ?? "").searchParams.get("token") ?? "";

/** A manager of a store of one's own. */
async function manager(store_id = newId()) {
  const { actor } = await service.register();
  const request = { id: actor.user_id ?? "", store_roles: [{ store_id, role: "manager" }], has_store_roles: true };
  await service.as(admin, (user) => user.updateUser(request));
  await service.mails();
  return { store_id, actor: { ...actor, store_roles: [{ store_id, role: "manager" }] } };
}

const invite = (actor: Actor, store_id: string, email = newEmail(), role = "support") =>
  service.as(actor, (user) => user.createInvitation({ email, store_id, role }));
const accept = (token: string, more: object = {}, actor: Actor = ANONYMOUS) =>
  service.as(actor, (user) => user.acceptInvitation({ token, ...more }));
const open = async (actor: Actor, store_id: string) =>
  (await service.as(actor, (user) => user.listInvitations({ store_id, limit: 20 }))).data.map(({ id }) => id);

/** Invites somebody, and reads the mail. */
async function invited(email = newEmail(), role = "support") {
  const boss = await manager();
  const invitation = await invite(boss.actor, boss.store_id, email, role);
  const mails = await service.mails();
  return { ...boss, invitation, mail: mails.at(-1), token: tokenOf(mails.at(-1)), email };
}

describe("an invitation", () => {
  it("brings somebody new onto the staff by the link, signed in, the address proven", async () => {
    const { store_id, actor, invitation, mail, token, email } = await invited();
    expect(mail).toMatchObject({ to: email, subject: "Tea & <Cakes>: you are invited to the staff" });
    expect(mail?.text).toContain("https://console.test/invitation?token=");
    expect(await open(actor, store_id)).toEqual([invitation.id]);
    const offer = await service.as(ANONYMOUS, (user) => user.checkInvitation({ token }));
    expect(offer).toMatchObject({ email, store_id, role: "support", has_account: false });

    const { tokens, user } = await accept(token, { name: "Ada", password: PASSWORD });
    expect(user).toMatchObject({
      email,
      name: "Ada",
      email_verified: true,
      store_roles: [{ store_id, role: "support" }],
    });
    const session = await service.as(ANONYMOUS, (one) => one.checkSession({ session_id: tokens?.session_id ?? "" }));
    expect(session.store_roles).toEqual([{ store_id, role: "support" }]);
    expect(await open(actor, store_id)).toEqual([]);
    await expect(accept(token, { password: PASSWORD })).rejects.toMatchObject({ code: "invalid_link" });
  });

  it("needs a good password from somebody new, and is not spent by a weak one", async () => {
    const { token } = await invited();
    await expect(accept(token)).rejects.toMatchObject({ code: "required" });
    await expect(accept(token, { password: "password" })).rejects.toMatchObject({ code: "weak_password" });
    await accept(token, { password: PASSWORD });
  });

  it("signs nobody in to an account that exists; who has signed in accepts, and other sessions end", async () => {
    const person = await service.register();
    const other = await service.as(
      ANONYMOUS,
      (user) => user.login({ email: person.email, password: PASSWORD, store_id: newId() }),
    );
    const { token, store_id } = await invited(person.email, "manager");
    await expect(accept(token, { password: "a new password" })).rejects.toMatchObject({ code: "account_exists" });
    const stranger = await service.register();
    await expect(accept(token, {}, stranger.actor)).rejects.toMatchObject({ kind: "forbidden", code: "other_account" });

    const { tokens, user, dead_session_ids } = await accept(token, {}, person.actor);
    expect(tokens).toBe(undefined);
    expect(user?.store_roles).toEqual([{ store_id, role: "manager" }]);
    expect(dead_session_ids).toEqual([other.session_id]);
  });

  it("is made once of many at once", async () => {
    const { token } = await invited();
    const results = await Promise.allSettled(Array.from({ length: 4 }, () => accept(token, { password: PASSWORD })));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("ends an older one for the same person and store, and no other", async () => {
    const { store_id, actor, email, token } = await invited();
    const elsewhere = await manager();
    await invite(elsewhere.actor, elsewhere.store_id, email);
    const again = await invite(actor, store_id, email, "manager");
    expect(await open(actor, store_id)).toEqual([again.id]);
    expect(await open(elsewhere.actor, elsewhere.store_id)).toHaveLength(1);
    await expect(accept(token, { password: PASSWORD })).rejects.toMatchObject({ code: "invalid_link" });
  });

  it("is taken back by staff of the store only", async () => {
    const { store_id, actor, invitation, token } = await invited();
    const elsewhere = await manager();
    const drop = (who: Actor) => service.as(who, (user) => user.deleteInvitation({ id: invitation.id }));
    await expect(drop(elsewhere.actor)).rejects.toMatchObject({ code: "invitation_not_found" });
    await drop(actor);
    await expect(drop(actor)).rejects.toMatchObject({ code: "invitation_not_found" });
    await expect(accept(token, { password: PASSWORD })).rejects.toMatchObject({ code: "invalid_link" });
    expect(await open(actor, store_id)).toEqual([]);
  });

  it("opens no door once who invited may no longer hire", async () => {
    const { actor, token } = await invited();
    const dismissal = { id: actor.user_id ?? "", store_roles: [], has_store_roles: true };
    await service.as(admin, (user) => user.updateUser(dismissal));
    await expect(accept(token, { password: PASSWORD })).rejects.toMatchObject({ code: "invalid_link" });
  });

  it("is not made by customers, support, or another store's managers, nor to what is no role", async () => {
    const { store_id, actor } = await manager();
    const support = { ...actor, store_roles: [{ store_id, role: "support" }] };
    const customer = (await service.register()).actor;
    const stranger = (await manager()).actor;
    await expect(invite(ANONYMOUS, store_id)).rejects.toMatchObject({ kind: "unauthenticated" });
    await expect(invite(customer, store_id)).rejects.toMatchObject({ kind: "forbidden" });
    await expect(invite(support, store_id)).rejects.toMatchObject({ kind: "forbidden" });
    await expect(invite(stranger, store_id)).rejects.toMatchObject({ code: "store_not_found" });
    await expect(invite(actor, store_id, newEmail(), "admin")).rejects.toMatchObject({ code: "invalid_role" });
    await expect(invite(actor, store_id, "nobody")).rejects.toMatchObject({ code: "invalid_email" });
    await expect(open(stranger, store_id)).rejects.toMatchObject({ code: "store_not_found" });
    await expect(open(support, store_id)).rejects.toMatchObject({ kind: "forbidden" });
  });

  it("is refused for who is on the staff already, and after five in an hour", async () => {
    const { store_id, actor } = await manager();
    await expect(invite(actor, store_id, actor.email)).rejects.toMatchObject({ code: "already_staff" });
    const email = newEmail();
    for (let i = 0; i < 5; i++) await invite(actor, store_id, email);
    await expect(invite(actor, store_id, email)).rejects.toMatchObject({ kind: "too_many" });
  });

  it("is audited without the address and without the token", async () => {
    const { store_id, actor, invitation, email } = await invited();
    await service.as(actor, (user) => user.deleteInvitation({ id: invitation.id }));
    const { rows } = await service.database.owner.query(
      `select actor, action, store_id, before::text || after::text as change, after from "user".audit_log
       where table_name = 'mail_tokens' and row_id = $1 order by id`,
      [invitation.id],
    );
    expect(rows.map(({ actor, action }) => [actor, action])).toEqual([
      [`user:${actor.user_id}`, "insert"],
      [`user:${actor.user_id}`, "update"],
    ]);
    expect(rows[0].store_id).toBe(store_id);
    expect(rows[0].after).toMatchObject({ email: "changed", role: "support" });
    expect(JSON.stringify(rows)).not.toContain(email);
  });

  it("is nothing that can be made up", async () => {
    for (const token of [newToken(), "", "' or 1=1 --"]) {
      await expect(accept(token, { password: PASSWORD })).rejects.toMatchObject({ code: "invalid_link" });
    }
  });
});

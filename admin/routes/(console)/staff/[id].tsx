import { page } from "fresh";
import { api, ApiError } from "../../../api.ts";
import { ConfirmButton, Field, Form } from "../../../components/form.tsx";
import { Card, Facts, PageHead, Time } from "../../../components/ui.tsx";
import { setFlash } from "../../../flash.ts";
import { attempt, type FormErrors, formOf, need, NO_ERRORS, textsOf } from "../../../forms.ts";
import { asRole, roleIn, withRole } from "../../../staff.ts";
import { texts } from "../../../texts.ts";
import type { User } from "../../../types.ts";
import { define, may } from "../../../utils.ts";

interface Data {
  member: User;
  errors: FormErrors;
}

export const handler = define.handlers<Data>({
  GET: async (ctx) => {
    need(ctx.state, "user:read");
    const member = await api(ctx).get<User>(`/users/${encodeURIComponent(ctx.params.id ?? "")}`);
    ctx.state.title = member.name || member.email;
    return page({ member, errors: NO_ERRORS });
  },
  POST: async (ctx) => {
    need(ctx.state, "user:write");
    const values = textsOf(await formOf(ctx.req));
    const { del, get, patch } = api(ctx);
    const path = `/users/${encodeURIComponent(ctx.params.id ?? "")}`;
    const member = await get<User>(path);
    ctx.state.title = member.name || member.email;
    if (values.act === "reset_totp") {
      const done = await del(`${path}/totp`).then(() => texts.twoFactor.resetDone, noneThere);
      await setFlash(ctx.state, done);
      return ctx.redirect(`/staff/${member.id}`, 303);
    }
    const change = values.platform_role
      ? { role: values.platform_role }
      : { store_roles: withRole(member, ctx.state.store.id, asRole(values.role)) };
    const answer = await attempt(patch<User>(path, change));
    if ("errors" in answer) return page({ member, errors: answer.errors }, { status: 422 });
    await setFlash(ctx.state, texts.staff.changed(member.name || member.email));
    return ctx.redirect(`/staff/${member.id}`, 303);
  },
});

/** Says that there is nothing to turn off. */
function noneThere(error: unknown): string {
  if (error instanceof ApiError && error.code === "totp_not_found") return texts.twoFactor.none;
  throw error;
}

export default define.page<typeof handler>(({ data: { member, errors }, state }) => {
  const { store, user, locale } = state;
  const self = member.id === user.id;
  const admin = member.role === "admin";
  return (
    <div class="narrow stack">
      <PageHead title={member.name || member.email} back={["/staff", texts.nav.staff]} />
      <Card>
        <Facts
          facts={[
            [texts.customers.email, member.email],
            [texts.customers.since, <Time key="since" time={member.create_time} locale={locale} />],
            [texts.staff.roleIn(store.name), texts.staff.roles[admin ? "admin" : roleIn(member, store.id)]],
          ]}
        />
      </Card>
      {self && <p class="notice">{texts.staff.notOneself}</p>}
      {!self && !admin && may(state, "user:write") && (
        <Card title={texts.staff.roleIn(store.name)}>
          <Form class="form" errors={errors} main>
            <Field
              label={texts.staff.role}
              name="role"
              value={roleIn(member, store.id)}
              error={errors.fields.store_roles}
              options={[...texts.staff.choices, ["", texts.staff.nothing]]}
              hint={`${texts.staff.roleHint} ${texts.staff.endsSessions}`}
            />
            <div>
              <button type="submit" class="button primary">{texts.form.save}</button>
            </div>
          </Form>
        </Card>
      )}
      {!self && (may(state, "platform:write") || (!admin && roleIn(member, store.id) && may(state, "user:write"))) && (
        <Card title={texts.sessions.title}>
          <div class="stack">
            <p>{texts.sessions.manageOthers}</p>
            <a class="button" href={`/staff/${member.id}/sessions`}>{texts.sessions.title}</a>
          </div>
        </Card>
      )}
      {!self && may(state, "platform:write") && (
        <Card title={texts.staff.platform} class="stack">
          <Form class="form">
            <input type="hidden" name="platform_role" value={admin ? "customer" : "admin"} />
            <ConfirmButton
              label={admin ? texts.staff.demote : texts.staff.promote}
              says={admin ? texts.staff.demoteSays : texts.staff.promoteSays}
            />
          </Form>
          <Form class="form">
            <ConfirmButton
              label={texts.twoFactor.reset}
              says={texts.twoFactor.resetSays}
              name="act"
              value="reset_totp"
            />
          </Form>
        </Card>
      )}
    </div>
  );
});

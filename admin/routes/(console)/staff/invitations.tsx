import { type Context, page } from "fresh";
import { api } from "../../../api.ts";
import { Field, Form } from "../../../components/form.tsx";
import { type Column, Pagination, Table } from "../../../components/table.tsx";
import { Badge, Card, Empty, PageHead, Time } from "../../../components/ui.tsx";
import { setFlash } from "../../../flash.ts";
import { attempt, type FormErrors, formOf, need, NO_ERRORS, textsOf } from "../../../forms.ts";
import { texts } from "../../../texts.ts";
import type { Invitation } from "../../../identity_types.ts";
import type { Page } from "../../../types.ts";
import { define, may, type State } from "../../../utils.ts";

const t = texts.invitations;

interface Data {
  invitations: Page<Invitation>;
  errors: FormErrors;
  values: Record<string, string>;
}

const load = (ctx: Context<State>) =>
  api(ctx).get<Page<Invitation>>("/invitations", {
    limit: 50,
    cursor: ctx.url.searchParams.get("cursor") ?? undefined,
  });

/** Who is invited to the store's staff; invites, and takes invitations back. */
export const handler = define.handlers<Data>({
  GET: async (ctx) => {
    need(ctx.state, "user:read");
    ctx.state.title = t.title;
    return page({ invitations: await load(ctx), errors: NO_ERRORS, values: {} });
  },
  POST: async (ctx) => {
    need(ctx.state, "user:write");
    ctx.state.title = t.title;
    const values = textsOf(await formOf(ctx.req));
    const { email = "", role = "", revoke } = values;
    const { del, post } = api(ctx);
    const work = revoke === undefined
      ? post("/invitations", { email, role, store_id: ctx.state.store.id })
      : del(`/invitations/${encodeURIComponent(revoke)}`);
    const answer = await attempt(work);
    if ("errors" in answer) {
      return page({ invitations: await load(ctx), errors: answer.errors, values }, { status: 422 });
    }
    await setFlash(ctx.state, revoke === undefined ? t.sent(email) : t.revoked);
    return ctx.redirect("/staff/invitations", 303);
  },
});

function columns(state: State): Column<Invitation>[] {
  const { locale } = state;
  const all: Column<Invitation>[] = [
    { title: texts.customers.email, cell: ({ email }) => <span class="clip">{email}</span> },
    { title: texts.staff.role, line: true, cell: ({ role }) => texts.staff.roles[role] ?? role },
    {
      title: t.mail,
      line: true,
      cell: ({ send_time }) => (
        <Badge status="mail" tone={send_time ? "good" : "warn"} text={send_time ? t.mailSent : t.mailWaits} />
      ),
    },
    { title: t.until, cell: ({ expire_time }) => <Time time={expire_time} locale={locale} />, wide: true },
  ];
  if (!may(state, "user:write")) return all;
  const revoke = ({ id, email }: Invitation) => (
    <Form>
      <button type="submit" class="button small" name="revoke" value={id} aria-label={t.revokeNamed(email)}>
        {t.revoke}
      </button>
    </Form>
  );
  return [...all, { title: t.revoke, act: true, cell: revoke }];
}

export default define.page<typeof handler>(({ data: { invitations, errors, values }, state, url }) => (
  <>
    <PageHead title={t.title} back={["/staff", texts.nav.staff]} />
    <div class="columns">
      <div class="stack">
        {invitations.data.length === 0
          ? (
            <Empty title={t.none}>
              <p>{t.noneHint}</p>
            </Empty>
          )
          : <Table label={t.title} rows={invitations.data} columns={columns(state)} />}
        <Pagination url={url} next_cursor={invitations.next_cursor} />
      </div>
      {may(state, "user:write") && (
        <Card title={t.inviteSomebody}>
          <Form class="form" errors={errors} main>
            <Field
              label={texts.customers.email}
              hint={t.hint}
              name="email"
              type="email"
              value={values.email ?? ""}
              error={errors.fields.email}
              required
            />
            <Field
              label={texts.staff.role}
              name="role"
              value={values.role ?? "support"}
              options={texts.staff.choices}
              hint={texts.staff.roleHint}
            />
            <button type="submit" class="button primary">{t.invite}</button>
          </Form>
        </Card>
      )}
    </div>
  </>
));

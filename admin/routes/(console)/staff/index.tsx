import { page } from "fresh";
import { api } from "../../../api.ts";
import { Field, Form } from "../../../components/form.tsx";
import { type Column, Table } from "../../../components/table.tsx";
import { Badge, Card, Empty, PageHead, Time } from "../../../components/ui.tsx";
import { setFlash } from "../../../flash.ts";
import { attempt, faults, type FormErrors, formOf, need, NO_ERRORS, textsOf } from "../../../forms.ts";
import { asRole, roleIn, withRole } from "../../../staff.ts";
import { texts } from "../../../texts.ts";
import type { Page, User } from "../../../types.ts";
import { define, may, type State } from "../../../utils.ts";

interface Data {
  staff: User[];
  errors: FormErrors;
  values: Record<string, string>;
}

type Ctx = Parameters<typeof api>[0];

/** Who works for the store at hand, and for an admin also the platform's admins. */
async function load(ctx: Ctx): Promise<User[]> {
  const { get } = api(ctx);
  const roles = ["manager", "support", ...(ctx.state.user.role === "admin" ? ["admin"] : [])];
  const pages = await Promise.all(roles.map((role) =>
    // Admins belong to no store.
    get<Page<User>>("/users", { role, limit: 100 }, role === "admin" ? { store: "" } : {})
  ));
  return [...new Map(pages.flatMap(({ data }) => data).map((user) => [user.id, user])).values()];
}

export const handler = define.handlers<Data>({
  GET: async (ctx) => {
    need(ctx.state, "user:read");
    ctx.state.title = texts.nav.staff;
    return page({ staff: await load(ctx), errors: NO_ERRORS, values: {} });
  },
  POST: async (ctx) => {
    need(ctx.state, "user:write");
    ctx.state.title = texts.nav.staff;
    const values = textsOf(await formOf(ctx.req));
    const { email = "" } = values;
    const refuse = async (errors: FormErrors) => page({ staff: await load(ctx), errors, values }, { status: 422 });
    const role = asRole(values.role);
    if (!email || !role) return await refuse(faults("", { email: texts.staff.whoAndWhat }));
    const { get, patch } = api(ctx);
    const { data } = await get<Page<User>>("/users", { q: email, limit: 100 }, { store: "" });
    const user = data.find((found) => found.email.toLowerCase() === email.toLowerCase());
    if (!user) return await refuse(faults("", { email: texts.staff.unknown }));
    const store_roles = withRole(user, ctx.state.store.id, role);
    const answer = await attempt(patch<User>(`/users/${user.id}`, { store_roles }));
    if ("errors" in answer) return await refuse(answer.errors);
    await setFlash(ctx.state, texts.staff.changed(user.name || user.email));
    return ctx.redirect("/staff", 303);
  },
});

function columns({ locale, store, user: me }: State): Column<User>[] {
  return [
    {
      title: texts.customers.name,
      cell: (user) => <span class="clip">{user.name || user.email}{user.id === me.id && ` (${texts.staff.you})`}</span>,
    },
    { title: texts.customers.email, cell: (user) => <span class="clip">{user.email}</span>, line: true },
    {
      title: texts.staff.role,
      act: true,
      cell: (user) => <Badge status="role" tone="info" text={texts.staff.roles[roleOf(user, store.id)] ?? ""} />,
    },
    { title: texts.customers.since, cell: (user) => <Time time={user.create_time} locale={locale} />, wide: true },
  ];
}

function roleOf(user: User, store_id: string): string {
  return user.role === "admin" ? "admin" : roleIn(user, store_id);
}

export default define.page<typeof handler>(({ data: { staff, errors, values }, state }) => (
  <>
    <PageHead title={texts.nav.staff}>
      <a class="button" href="/staff/invitations">{texts.invitations.title}</a>
    </PageHead>
    <div class="columns">
      {staff.length === 0
        ? <Empty title={texts.staff.none} />
        : <Table label={texts.nav.staff} rows={staff} columns={columns(state)} href={({ id }) => `/staff/${id}`} />}
      {may(state, "user:write") && (
        <Card title={texts.staff.add}>
          <Form class="form" errors={errors} main>
            <Field
              label={texts.customers.email}
              hint={texts.staff.addHint}
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
            <button type="submit" class="button primary">{texts.staff.add}</button>
          </Form>
        </Card>
      )}
    </div>
  </>
));

import { page } from "fresh";
import { api } from "../../../api.ts";
import { Filters } from "../../../components/filters.tsx";
import { type Column, Pagination, Table } from "../../../components/table.tsx";
import { Views } from "../../../components/views.tsx";
import { NoneFound, PageHead, Time } from "../../../components/ui.tsx";
import { number } from "../../../format.ts";
import { need } from "../../../forms.ts";
import { texts } from "../../../texts.ts";
import type { Page, User } from "../../../types.ts";
import { define, type State } from "../../../utils.ts";

export const handler = define.handlers<Page<User>>({
  GET: async (ctx) => {
    need(ctx.state, "user:read");
    ctx.state.title = texts.nav.customers;
    const asked = (name: string) => ctx.url.searchParams.get(name) ?? undefined;
    const cursor = asked("cursor");
    return page(
      await api(ctx).get<Page<User>>("/users", {
        limit: 50,
        role: "customer",
        q: asked("q"),
        cursor,
        ...(cursor ? {} : { count: "exact" }),
      }),
    );
  },
});

function columns({ locale }: State): Column<User>[] {
  return [
    { title: texts.customers.name, cell: (user) => <span class="clip">{user.name || user.email}</span> },
    { title: texts.customers.email, cell: (user) => <span class="clip">{user.email}</span>, line: true },
    { title: texts.customers.since, cell: (user) => <Time time={user.create_time} locale={locale} />, wide: true },
  ];
}

export default define.page<typeof handler>(({ data: { data, next_cursor, total }, state, url }) => (
  <>
    <PageHead title={texts.nav.customers} />
    <Views label={texts.orders.views.label} views={[[texts.orders.views.all, "/customers"]]} url={url} state={state} />
    <Filters url={url} search={texts.customers.search} />
    {data.length === 0 ? <NoneFound url={url} found={texts.customers.noneFound} none={texts.customers.none} /> : (
      <Table
        label={texts.nav.customers}
        rows={data}
        columns={columns(state)}
        href={({ id }) => `/customers/${id}`}
      />
    )}
    <Pagination
      url={url}
      next_cursor={next_cursor}
      {...(!total ? {} : { total: texts.customers.count(number(total, state.locale)) })}
    />
  </>
));

import { page } from "fresh";
import { Table } from "../../../components/table.tsx";
import { Badge, PageHead } from "../../../components/ui.tsx";
import { need } from "../../../forms.ts";
import { mayIn } from "../../../stores/may_in.ts";
import { texts } from "../../../texts.ts";
import { define, may } from "../../../utils.ts";

const t = texts.stores;

export const handler = define.handlers({
  GET: (ctx) => {
    const { state } = ctx;
    need(state, "store:write");
    state.title = t.title;
    return page({ stores: state.stores.filter(({ id }) => mayIn(state.user, id, "store:write")) });
  },
});

export default define.page<typeof handler>(({ data: { stores }, state }) => (
  <>
    <PageHead title={t.title}>
      {may(state, "platform:write") && <a class="button primary" href="/stores/new">{t.add}</a>}
    </PageHead>
    <Table
      label={t.title}
      rows={stores}
      href={({ id }) => `/stores/${id}`}
      columns={[
        { title: t.name, cell: ({ name }) => name },
        { title: t.status, cell: ({ status }) => <Badge status={status} text={t.statuses[status]} /> },
        { title: t.slug, wide: true, cell: ({ slug }) => <code>{slug}</code> },
        { title: t.currency, cell: ({ currency }) => currency },
        { title: t.country, wide: true, cell: ({ country }) => country },
        {
          title: t.atHand,
          line: true,
          cell: ({ slug }) =>
            slug === state.store.slug ? <span class="muted">{t.here}</span> : <a href={`/?store=${slug}`}>{t.use}</a>,
        },
      ]}
    />
  </>
));

import { page } from "fresh";
import { api } from "../../api.ts";
import { actorNames, auditFilters } from "../../audit.ts";
import { AuditChange } from "../../components/audit_change.tsx";
import { Field } from "../../components/form.tsx";
import { Pagination, Table, withQuery } from "../../components/table.tsx";
import { Badge, Empty, PageHead, Time, words } from "../../components/ui.tsx";
import { Views } from "../../components/views.tsx";
import { need } from "../../forms.ts";
import { texts } from "../../texts.ts";
import type { AuditEntry, Page } from "../../types.ts";
import { define } from "../../utils.ts";

const t = texts.audit;
const TABLES = [
  "products",
  "variants",
  "categories",
  "stores",
  "webhook_endpoints",
  "users",
  "store_roles",
  "payments",
  "refunds",
];
const TONES: Record<string, string> = { insert: "good", update: "info", delete: "bad" };

export const handler = define.handlers({
  GET: async (ctx) => {
    const { state, url: { searchParams } } = ctx;
    need(state, "audit:read");
    state.title = t.title;
    const gateway = api(ctx);
    const entries = await gateway.get<Page<AuditEntry>>("/audit", {
      ...auditFilters(searchParams),
      cursor: searchParams.get("cursor") ?? undefined,
      limit: 25,
    });
    return page({ entries, names: await actorNames(gateway, entries.data, state.user) });
  },
});

export default define.page<typeof handler>(({ data: { entries, names }, state, url }) => (
  <>
    <PageHead title={t.title}>
      <a class="button" href={`/audit/export${url.search}`} download>{t.exportCsv}</a>
    </PageHead>
    <Views
      label={texts.orders.views.label}
      views={[[texts.orders.views.all, "/audit"]]}
      url={url}
      state={state}
    />
    <Filters url={url} />
    {entries.data.length === 0
      ? (
        <Empty title={t.none}>
          <p>{t.noneHint}</p>
        </Empty>
      )
      : (
        <Table
          label={t.title}
          rows={entries.data}
          columns={[
            { title: t.time, cell: ({ time }) => <Time time={time} locale={state.locale} /> },
            {
              title: t.table,
              cell: ({ table, row_id, action }) => (
                <>
                  <Badge status={action} tone={TONES[action] ?? "calm"} text={t.actions[action] ?? action} />{" "}
                  <a href={withQuery(url, { table, row_id: row_id ?? "", cursor: "" })}>{words(table)}</a>
                </>
              ),
            },
            {
              title: t.actor,
              cell: ({ actor, network }) => (
                <>
                  <a href={withQuery(url, { actor, cursor: "" })}>{names.get(actor) ?? actor}</a>
                  {network && <span class="muted">{` ${t.network(network)}`}</span>}
                </>
              ),
            },
            { title: t.change, cell: (entry) => <AuditChange entry={entry} /> },
          ]}
        />
      )}
    <Pagination url={url} next_cursor={entries.next_cursor} />
  </>
));

function Filters({ url: { searchParams } }: { url: URL }) {
  const value = (name: string) => searchParams.get(name) ?? "";
  const tables = TABLES.includes(value("table")) || !value("table") ? TABLES : [...TABLES, value("table")];
  return (
    <form method="get" class="filters">
      <Field
        label={t.table}
        name="table"
        value={value("table")}
        options={[["", t.anyTable], ...tables.map((table) => [table, words(table)] as const)]}
      />
      <div class="grow">
        <Field label={t.row} name="row_id" value={value("row_id")} maxLength={100} />
      </div>
      <div class="grow">
        <Field label={t.actor} name="actor" value={value("actor")} maxLength={200} />
      </div>
      <Field label={t.from} name="from" type="date" value={value("from")} />
      <Field label={t.to} name="to" type="date" value={value("to")} />
      <button type="submit" class="button">{texts.form.apply}</button>
      <a class="button quiet" href="/audit">{texts.form.reset}</a>
    </form>
  );
}

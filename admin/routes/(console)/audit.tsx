import { page } from "fresh";
import { api } from "../../api.ts";
import { actorNames, auditFilters, ofAllStores } from "../../audit.ts";
import { AuditChange } from "../../components/audit_change.tsx";
import { Field } from "../../components/form.tsx";
import { Pagination, Table, withQuery } from "../../components/table.tsx";
import { Badge, NoneFound, PageHead, Time, words } from "../../components/ui.tsx";
import { Views } from "../../components/views.tsx";
import { entryOf } from "../../entry.ts";
import { need } from "../../forms.ts";
import { texts } from "../../texts.ts";
import type { AuditEntry, Page } from "../../types.ts";
import { define, type State } from "../../utils.ts";

const t = texts.audit;
const TONES: Record<string, string> = { insert: "good", update: "info", delete: "bad" };

export const handler = define.handlers({
  GET: async (ctx) => {
    const { state, url: { searchParams } } = ctx;
    need(state, "audit:read");
    state.title = t.title;
    const gateway = api(ctx);
    const { query, options } = auditFilters(searchParams);
    const cursor = searchParams.get("cursor") ?? undefined;
    const entries = await gateway.get<Page<AuditEntry>>("/audit", { ...query, cursor, limit: 25 }, options);
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
    <Filters url={url} state={state} />
    {entries.data.length === 0 ? <NoneFound url={url} found={t.noneFound} none={t.none} /> : (
      <Table
        label={t.title}
        rows={entries.data}
        columns={[
          { title: t.time, cell: ({ time }) => <Time time={time} locale={state.locale} /> },
          {
            title: t.table,
            line: true,
            cell: ({ table, row_id, action }) => (
              <>
                <Badge status={action} tone={TONES[action] ?? "calm"} text={t.actions[action] ?? action} />{" "}
                <a href={withQuery(url, { table, row_id: row_id ?? "", cursor: "" })}>{nameOf(table)}</a>
              </>
            ),
          },
          {
            title: t.actor,
            line: true,
            cell: ({ actor, network }) => (
              <>
                <a href={withQuery(url, { actor, cursor: "" })}>{names.get(actor) ?? actor}</a>
                {network && <span class="muted named-more">{t.network(network)}</span>}
              </>
            ),
          },
          ...(ofAllStores(url.searchParams)
            ? [{
              title: texts.frame.store,
              line: true,
              cell: ({ store_id }: AuditEntry) => storeName(state, store_id),
            }]
            : []),
          { title: t.change, line: true, cell: (entry) => <AuditChange entry={entry} /> },
        ]}
      />
    )}
    <Pagination url={url} next_cursor={entries.next_cursor} />
  </>
));

function nameOf(table: string): string {
  return entryOf(t.tables, table) ?? words(table);
}

function storeName({ stores }: State, id: string | null) {
  return id === null ? texts.table.none : stores.find((store) => store.id === id)?.name ?? id;
}

function Filters({ url: { searchParams }, state }: { url: URL; state: State }) {
  const value = (name: string) => searchParams.get(name) ?? "";
  const known = Object.keys(t.tables);
  const tables = known.includes(value("table")) || !value("table") ? known : [...known, value("table")];
  // Who works for one store sees all that is to be seen.
  const choosesStores = state.stores.length > 1 || state.user.role === "admin";
  return (
    <form method="get" class="filters">
      {choosesStores && (
        <Field
          label={texts.frame.store}
          name="stores"
          value={value("stores")}
          options={[["", state.store.name], ["all", t.allStores]]}
        />
      )}
      <Field
        label={t.table}
        name="table"
        value={value("table")}
        options={[["", t.anyTable], ...tables.map((table) => [table, nameOf(table)] as const)]}
      />
      <div class="grow">
        <Field label={t.row} name="row_id" value={value("row_id")} maxLength={100} />
      </div>
      <div class="grow">
        <Field label={t.actor} name="actor" value={value("actor")} maxLength={200} />
      </div>
      <Field label={t.from} name="from" type="date" value={value("from")} />
      <Field label={t.to} name="to" type="date" value={value("to")} />
      <button type="submit" class="button">{texts.filters.apply}</button>
    </form>
  );
}

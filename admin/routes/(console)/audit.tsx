import { page } from "fresh";
import { api } from "../../api.ts";
import { actorNames } from "../../audit.ts";
import { AuditChange } from "../../components/audit_change.tsx";
import { Field } from "../../components/form.tsx";
import { Pagination, Table, withQuery } from "../../components/table.tsx";
import { Badge, Empty, PageHead, Time, words } from "../../components/ui.tsx";
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
const DAY_MS = 86_400_000;

export const handler = define.handlers({
  GET: async (ctx) => {
    const { state, url: { searchParams } } = ctx;
    need(state, "audit:read");
    state.title = t.title;
    const given = (name: string) => searchParams.get(name)?.trim() || undefined;
    const gateway = api(ctx);
    const entries = await gateway.get<Page<AuditEntry>>("/audit", {
      table: given("table"),
      row_id: given("row_id"),
      actor: given("actor"),
      from: dayStart(given("from")),
      to: dayStart(given("to"), DAY_MS),
      cursor: given("cursor"),
      limit: 25,
    });
    return page({ entries, names: await actorNames(gateway, entries.data) });
  },
});

/** The beginning of a day in UTC, or of the one after it; undefined for what is no day. */
function dayStart(day: string | undefined, later = 0): string | undefined {
  const time = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(time) ? undefined : new Date(time + later).toISOString();
}

export default define.page<typeof handler>(({ data: { entries, names }, state, url }) => (
  <>
    <PageHead title={t.title} />
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
              cell: ({ actor }) => <a href={withQuery(url, { actor, cursor: "" })}>{names.get(actor) ?? actor}</a>,
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

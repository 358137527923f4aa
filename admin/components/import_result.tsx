import { number } from "../format.ts";
import { ImportProgress } from "../islands/ImportProgress.tsx";
import { texts } from "../texts.ts";
import type { ImportReport } from "../types.ts";
import { Form } from "./form.tsx";
import { Table } from "./table.tsx";
import { Badge, Card } from "./ui.tsx";

const t = texts.import;

interface Props {
  /** The table itself, to be sent again. */
  table: string;
  report: ImportReport;
  locale: string;
}

/** What an import would do, with the button that does it; or what it did. */
export function ImportResult({ table, report, locale }: Props) {
  const { dry_run, created, updated, unchanged, refused, changes, changes_left_off } = report;
  return (
    <div class="stack">
      <Card title={dry_run ? t.previewTitle : t.reportTitle}>
        <div class="stack">
          <p>{t.summary(created, updated, unchanged, refused.length)}</p>
          {dry_run && (
            <Form main class="inline">
              <textarea name="table" hidden readOnly aria-label={t.text}>{`\n${table}`}</textarea>
              {created + updated > 0 && (
                <button type="submit" class="button primary" name="act" value="run">{t.run}</button>
              )}
              <button type="submit" class="button" name="act" value="edit">{t.back}</button>
              <ImportProgress label={t.running} />
            </Form>
          )}
          {!dry_run && (
            <p>
              <a class="button" href="/products">{texts.products.title}</a>
            </p>
          )}
        </div>
      </Card>
      {refused.length > 0 && (
        <Card title={t.refused}>
          <Table
            label={t.refused}
            rows={refused.map((one, index) => ({ ...one, id: String(index) }))}
            columns={[
              { title: t.line, cell: ({ line }) => t.lineNumber(number(line, locale)) },
              { title: t.why, cell: ({ message }) => message },
              { title: t.code, wide: true, cell: ({ code }) => <code>{code}</code> },
            ]}
          />
        </Card>
      )}
      {changes.length > 0 && (
        <Card title={t.changes}>
          <Table
            label={t.changes}
            rows={changes.map((change, index) => ({ ...change, id: String(index) }))}
            columns={[
              { title: t.line, cell: ({ line }) => t.lineNumber(number(line, locale)) },
              { title: t.product, cell: ({ slug, sku }) => sku ? `${slug} / ${sku}` : slug },
              { title: t.field, cell: ({ field }) => field },
              { title: t.change, cell: ({ from, to }) => <Change from={from} to={to} /> },
            ]}
          />
          {changes_left_off > 0 && <p class="muted">{t.leftOff(number(changes_left_off, locale))}</p>}
        </Card>
      )}
      {dry_run && created + updated === 0 && <p class="muted">{t.nothing}</p>}
    </div>
  );
}

function Change({ from, to }: { from: string; to: string }) {
  if (!from) {
    return (
      <>
        <Badge status="new" tone="good" text={t.new} /> {to}
      </>
    );
  }
  return (
    <>
      <del class="muted">{from}</del> → {to}
    </>
  );
}

import { page } from "fresh";
import { watched } from "../../../../services/shared/streams.ts";
import { api } from "../../../api.ts";
import { Field, Form } from "../../../components/form.tsx";
import { ImportResult } from "../../../components/import_result.tsx";
import { Card, PageHead } from "../../../components/ui.tsx";
import { setFlash } from "../../../flash.ts";
import { attempt, faults, formOf, need, NO_ERRORS } from "../../../forms.ts";
import { ImportProgress } from "../../../islands/ImportProgress.tsx";
import { readReport } from "../../../products/read_report.ts";
import { texts } from "../../../texts.ts";
import type { ImportReport } from "../../../types.ts";
import { define } from "../../../utils.ts";

const t = texts.import;
const MAX_BYTES = 1024 * 1024;
/** Somewhat longer than the gateway takes at most. */
const IMPORT_MS = 130_000;
const LINES = "application/x-ndjson";

export const handler = define.handlers({
  GET: (ctx) => {
    need(ctx.state, "product:write");
    ctx.state.title = t.title;
    return page({ table: "", report: undefined as ImportReport | undefined, errors: NO_ERRORS });
  },

  /**
   * Shows what a table would change; with `act` "run" does it. The table travels in the form: nothing is kept between.
   * The page's script, where it runs, asks for lines that tell how far it is, and then sends the report they end with.
   */
  POST: async (ctx) => {
    const { state } = ctx;
    need(state, "product:write");
    state.title = t.title;
    const form = await formOf(ctx.req);
    const file = form.get("file");
    const typed = String(form.get("table") ?? "");
    const table = file instanceof File && file.size > 0 ? await file.slice(0, MAX_BYTES + 1).text() : typed;
    const refuse = (summary: string) =>
      page({ table: table === typed ? typed : "", report: undefined, errors: faults(summary) }, { status: 422 });
    if (!table.trim()) return refuse(t.empty);
    if (new TextEncoder().encode(table).length > MAX_BYTES) return refuse(t.tooLarge);
    const act = form.get("act");
    if (act === "edit") return page({ table, report: undefined, errors: NO_ERRORS });

    const dry_run = act !== "run";
    const headers = { "Content-Type": "text/csv; charset=utf-8" };
    const options = { query: { dry_run }, timeout: IMPORT_MS };
    if (ctx.req.headers.get("Accept") === LINES) {
      const lines = await api(ctx).send("POST", "/products/import", {
        ...options,
        body: table,
        headers: { ...headers, Accept: LINES },
      });
      return new Response(watched(lines.body, ctx.info), { headers: { "Content-Type": LINES } });
    }
    const told = readReport(form.get("report"), dry_run);
    const answer = told
      ? { value: told }
      : await attempt(api(ctx).post<ImportReport>("/products/import", table, { ...options, headers }));
    if ("errors" in answer) return page({ table, report: undefined, errors: answer.errors }, { status: 422 });
    const { value: report } = answer;
    if (dry_run || report.refused.length > 0) return page({ table, report, errors: NO_ERRORS });
    await setFlash(state, t.done(report.created, report.updated));
    return ctx.redirect("/products", 303);
  },
});

export default define.page<typeof handler>(({ data: { table, report, errors }, state }) => (
  <>
    <PageHead title={t.title} back={["/products", texts.products.title]} />
    {report ? <ImportResult table={table} report={report} locale={state.locale} /> : (
      <div class="narrow">
        <Card>
          <Form errors={errors} main upload class="form">
            <p>{t.columns}</p>
            <p class="muted">
              {t.template} <a href="/products/export.csv">{texts.products.export}</a>
            </p>
            <Field label={t.file} name="file" type="file" accept=".csv,text/csv" hint={t.fileHint} />
            <Field label={t.text} name="table" value={table} rows={8} />
            <div class="actions">
              <button type="submit" class="button primary" name="act" value="preview">{t.check}</button>
            </div>
            <ImportProgress label={t.checking} />
          </Form>
        </Card>
      </div>
    )}
  </>
));

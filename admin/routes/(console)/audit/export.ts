import { api } from "../../../api.ts";
import { auditFilters } from "../../../audit.ts";
import { need } from "../../../forms.ts";
import { define } from "../../../utils.ts";

/** The log with the page's filters as a CSV file, passed on as the gateway writes it. */
export const handler = define.handlers({
  GET: async (ctx) => {
    need(ctx.state, "audit:read");
    const query = { ...auditFilters(ctx.url.searchParams), format: "csv" };
    const { body } = await api(ctx).send("GET", "/audit/export", { query });
    return new Response(body, {
      headers: {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": `attachment; filename="audit-${ctx.state.store.slug}.csv"`,
      },
    });
  },
});

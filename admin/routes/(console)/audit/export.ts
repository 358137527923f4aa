import { api } from "../../../api.ts";
import { auditFilters } from "../../../audit.ts";
import { need } from "../../../forms.ts";
import { define } from "../../../utils.ts";

/** The log with the page's filters as a CSV file, passed on as the gateway writes it. */
export const handler = define.handlers({
  GET: async (ctx) => {
    need(ctx.state, "audit:read");
    const { query, options } = auditFilters(ctx.url.searchParams);
    const { body } = await api(ctx).send("GET", "/audit/export", { ...options, query: { ...query, format: "csv" } });
    const of = options.store === undefined ? ctx.state.store.slug : "all";
    return new Response(body, {
      headers: {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": `attachment; filename="audit-${of}.csv"`,
      },
    });
  },
});

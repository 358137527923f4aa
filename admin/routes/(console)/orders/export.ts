import { api } from "../../../api.ts";
import { need } from "../../../forms.ts";
import { define } from "../../../utils.ts";

const FILTERS = ["q", "status", "from", "to", "user_id", "ids"];

/** The list as a CSV file, passed on as the gateway writes it. */
export const handler = define.handlers({
  GET: async (ctx) => {
    need(ctx.state, "order:read");
    const query = Object.fromEntries(FILTERS.map((name) => [name, ctx.url.searchParams.get(name) ?? undefined]));
    const { body } = await api(ctx).send("GET", "/orders/export.csv", { query });
    return new Response(body, {
      headers: {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": `attachment; filename="orders-${ctx.state.store.slug}.csv"`,
      },
    });
  },
});

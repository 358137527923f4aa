import { api } from "../../../api.ts";
import { watched } from "../../../../services/shared/streams.ts";
import { need } from "../../../forms.ts";
import { define } from "../../../utils.ts";

const FILTERS = ["q", "category", "min_price", "max_price", "in_stock", "status", "sort"];

/** The products that the list's filters leave, as a table. */
export const handler = define.handlers({
  GET: async (ctx) => {
    need(ctx.state, "product:read");
    const { searchParams } = ctx.url;
    const query = Object.fromEntries(FILTERS.map((name) => [name, searchParams.get(name) ?? undefined]));
    const answer = await api(ctx).send("GET", "/products/export.csv", { query });
    const headers = {
      "Content-Type": answer.headers.get("Content-Type") ?? "text/csv; charset=utf-8",
      "Content-Disposition": `attachment; filename="${ctx.state.store.slug}-products.csv"`,
    };
    return new Response(watched(answer.body, ctx.info), { headers });
  },
});

import { api } from "../../../api.ts";
import { watched } from "../../../../services/shared/streams.ts";
import { need } from "../../../forms.ts";
import { listQuery } from "../../../products/list_query.ts";
import { define } from "../../../utils.ts";

/** The products that the list's filters leave, as a table. */
export const handler = define.handlers({
  GET: async (ctx) => {
    need(ctx.state, "product:read");
    const query = listQuery(ctx.url, ctx.state);
    const answer = await api(ctx).send("GET", "/products/export.csv", { query });
    const headers = {
      "Content-Type": answer.headers.get("Content-Type") ?? "text/csv; charset=utf-8",
      "Content-Disposition": `attachment; filename="${ctx.state.store.slug}-products.csv"`,
    };
    return new Response(watched(answer.body, ctx.info), { headers });
  },
});

import { api } from "../../../../api.ts";
import { need } from "../../../../forms.ts";
import { define } from "../../../../utils.ts";

/** All that is held about a customer, as a file, passed on as the gateway writes it. */
export const handler = define.handlers({
  GET: async (ctx) => {
    need(ctx.state, "privacy:write");
    const id = encodeURIComponent(ctx.params.id ?? "");
    const { body } = await api(ctx).send("GET", `/users/${id}/export`);
    return new Response(body, {
      headers: {
        "Content-Type": "application/json",
        "Content-Disposition": `attachment; filename="personal-data-${id}.json"`,
      },
    });
  },
});

import { api, ApiError } from "../../../../api.ts";
import { define } from "../../../../utils.ts";

/** What a storefront gets of the product: the API's answer to somebody who is not signed in. */
export const handler = define.handlers({
  GET: async (ctx) => {
    const { session: _, ...state } = ctx.state;
    try {
      const { get } = api({ req: ctx.req, info: ctx.info, state });
      return json(await get(`/products/${encodeURIComponent(ctx.params.id ?? "")}`), 200);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return json(error.problem, error.status);
    }
  },
});

function json(value: unknown, status: number): Response {
  return new Response(JSON.stringify(value, null, 2), { status, headers: { "Content-Type": "application/json" } });
}

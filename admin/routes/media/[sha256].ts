import { HttpError } from "fresh";
import { watched } from "../../../services/shared/streams.ts";
import { api } from "../../api.ts";
import { define } from "../../utils.ts";

const KEPT = ["Content-Type", "Content-Length", "ETag", "Cache-Control"];

/** An image of a product, from the gateway: the console's pages ask no other host. */
export const handler = define.handlers({
  GET: async (ctx) => {
    const { sha256 = "" } = ctx.params;
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new HttpError(404);
    const etag = ctx.req.headers.get("If-None-Match");
    const answer = await api(ctx).send("GET", `/media/${sha256}`, { headers: etag ? { "If-None-Match": etag } : {} });
    const headers = new Headers();
    for (const name of KEPT) {
      const value = answer.headers.get(name);
      if (value) headers.set(name, value);
    }
    return new Response(watched(answer.body, ctx.info), { status: answer.status, headers });
  },
});

import { buildId, SCRIPTS } from "./build_id.ts";
import { snapshotOf } from "./context.ts";
import { CACHE_KEY } from "./links.ts";
import type { StaticFile } from "./snapshot.ts";
import type { Middleware } from "./types.ts";

/** Serves static/ and the built scripts: for good where the URL names this build, else to be asked for each time. */
export function staticFiles<State>(): Middleware<State> {
  return async (ctx) => {
    const { req, url, config } = ctx;
    const path = decode(url.pathname.slice(config.basePath.length)) ?? "/";
    const file = path === "/" ? undefined : snapshotOf(ctx).files.get(path);
    if (!file) return path === "/favicon.ico" ? new Response(null, { status: 404 }) : await ctx.next();
    if (req.method !== "GET" && req.method !== "HEAD") return new Response("Method Not Allowed", { status: 405 });

    const key = url.searchParams.get(CACHE_KEY);
    if (key !== null && key !== buildId()) {
      url.searchParams.delete(CACHE_KEY);
      return new Response(null, { status: 307, headers: { location: url.pathname + url.search } });
    }
    const headers = new Headers({ "Content-Type": file.type, Vary: "If-None-Match" });
    const production = config.mode === "production";
    if (production && file.hash) {
      const tag = req.headers.get("If-None-Match");
      if (tag === file.hash || tag === `W/"${file.hash}"`) return new Response(null, { status: 304, headers });
      headers.set("ETag", `W/"${file.hash}"`);
    }
    const forGood = production && (key !== null || path.startsWith(`${SCRIPTS}${buildId()}/`));
    headers.set("Cache-Control", forGood ? FOR_GOOD : "no-cache, no-store, max-age=0, must-revalidate");
    const content = await read(file);
    headers.set("Content-Length", String(content.byteLength));
    return new Response(content, { headers });
  };
}

const FOR_GOOD = "public, max-age=31536000, immutable";

async function read({ source }: StaticFile): Promise<Uint8Array<ArrayBuffer>> {
  return typeof source === "string" ? await Deno.readFile(source) : source;
}

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

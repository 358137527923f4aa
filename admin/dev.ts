/** `dev.ts build` writes the production build to `_fresh/`; `dev.ts` alone, run with --watch, serves while you work. */
import { Builder } from "fresh/dev";

const builder = new Builder({ root: import.meta.dirname ?? "." });

if (Deno.args.includes("build")) await builder.build();
else {await builder.listen(() => import("./main.ts"), {
    hostname: "127.0.0.1",
    port: Number(Deno.env.get("PORT") ?? 8080),
  });}

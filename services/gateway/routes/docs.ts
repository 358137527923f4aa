import { html } from "@hono/hono/html";
import { notFound } from "../../shared/errors.ts";
import { createRoutes } from "../openapi.ts";

const ASSETS = new Map([
  ["swagger-ui.css", "text/css"],
  ["swagger-ui-bundle.js", "text/javascript"],
]);

const START = `SwaggerUIBundle({ url: "/openapi.json", dom_id: "#docs", deepLinking: true, validatorUrl: null });`;

/** The index, the OpenAPI 3.1 document and its reader, served from our own files. */
export function docs() {
  const app = createRoutes();

  app.get("/", (c) =>
    c.json({
      name: "Nano E-commerce",
      version: VERSION,
      links: { docs: "/docs", openapi: "/openapi.json", health: "/healthz", products: "/products", stores: "/stores" },
    }));

  app.get("/docs", (c) => {
    c.header(
      "Content-Security-Policy",
      "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
    );
    return c.html(html`
      <!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8">
          <meta name="viewport" content="width=device-width">
          <title>Nano API</title>
          <link rel="stylesheet" href="/docs/swagger-ui.css">
        </head>
        <body>
          <div id="docs"></div>
          <script src="/docs/swagger-ui-bundle.js"></script>
          <script src="/docs/start.js"></script>
        </body>
      </html>
    `);
  });

  app.get("/docs/start.js", (c) => c.body(START, 200, { "Content-Type": "text/javascript" }));

  app.get("/docs/:file", async (c) => {
    const file = c.req.param("file");
    const type = ASSETS.get(file);
    if (!type) throw notFound("resource");
    const bytes = await Deno.readFile(`node_modules/swagger-ui-dist/${file}`);
    return c.body(bytes, 200, { "Content-Type": type, "Cache-Control": "public, max-age=86400" });
  });

  return app;
}

/** The release, as in deno.json. */
export const VERSION = "0.1.0";

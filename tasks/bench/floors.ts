/**
 * What the shop is compared with, each the least code that could do it: Hono with a ready JSON; Hono with one prepared
 * statement; Hono with one gRPC hop to one prepared statement. No log, metrics, limits, validation, errors.
 * Run as `floors.ts http <port> <database> <gRPC port> <store> <file of the ready JSON>` and as `floors.ts grpc …`.
 */
import { credentials, Server, ServerCredentials } from "@grpc/grpc-js";
import { Hono } from "@hono/hono";
import pg from "pg";
import {
  ListProductsRequest,
  type ListProductsResponse,
  ProductServiceClient,
  ProductServiceService,
} from "../../proto/gen/nano/product/v1/product.ts";
import { PRODUCT_COLUMNS } from "../../services/product/listing.ts";
import { toMessage } from "../../services/product/messages.ts";
import type { Product } from "../../services/product/product.ts";

pg.types.setTypeParser(pg.types.builtins.INT8, Number);

const [role, port = "", database = "", grpcPort = "", store_id = "", ready = ""] = Deno.args;
const pool = new pg.Pool({ connectionString: database, max: 6, options: "-c search_path=product,public" });
// The shop, with its database, may be stopped before.
pool.on("error", () => {});

if (role === "grpc") serveGrpc();
else serveHttp();

async function list(): Promise<ListProductsResponse> {
  const { rows } = await pool.query<Omit<Product, "variants"> & { variants: string }>({
    name: "floor",
    text: `select ${PRODUCT_COLUMNS} from products p left join categories c on c.id = p.category_id
           where p.store_id = $1 and p.status = 'active' order by p.create_time desc limit 20`,
    values: [store_id],
  });
  return { data: rows.map((row) => toMessage({ ...row, variants: JSON.parse(row.variants) })) };
}

function serveHttp(): void {
  const body = Deno.readTextFileSync(ready);
  const client = new ProductServiceClient(`127.0.0.1:${grpcPort}`, credentials.createInsecure());
  const hop = () =>
    new Promise<ListProductsResponse>((resolve, reject) => {
      const request = ListProductsRequest.fromPartial({ store_id });
      client.listProducts(request, (error, answer) => error ? reject(error) : resolve(answer));
    });
  const app = new Hono();
  app.get("/json", (c) => c.body(body, 200, { "Content-Type": "application/json" }));
  app.get("/statement", async (c) => c.json(await list()));
  app.get("/hop", async (c) => c.json(await hop()));
  Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen: () => {} }, app.fetch);
}

function serveGrpc(): void {
  const server = new Server();
  server.addService({ listProducts: ProductServiceService.listProducts }, {
    listProducts: (_call: unknown, callback: (error: Error | null, answer?: ListProductsResponse) => void) =>
      list().then((answer) => callback(null, answer), callback),
  });
  server.bindAsync(`127.0.0.1:${grpcPort}`, ServerCredentials.createInsecure(), (error) => {
    if (error) throw error;
  });
}

import { z } from "@hono/zod-openapi";
import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { complete } from "./document.ts";
import { answers, createRoutes, jsonBody } from "./openapi.ts";

function documentOf(...paths: [path: string, ...problems: number[]][]) {
  const app = createRoutes();
  for (const [path, ...problems] of paths) {
    const body = jsonBody(z.strictObject({}));
    app.openapi(
      { method: "post", path, request: { body }, responses: answers(200, "Done.", undefined, ...problems) },
      (c) => c.json({}, 200),
    );
  }
  return complete(app.getOpenAPI31Document({ openapi: "3.1.0", info: { title: "A shop", version: "1" } }));
}

describe("complete()", () => {
  it("says who may call: a guest where carts and orders are bought, a key but where people buy, anyone where nothing answers 401", () => {
    const { paths } = documentOf(["/cart/items"], ["/orders", 401], ["/orders/{id}/shipments", 401, 403], [
      "/auth/login",
      401,
    ]);
    const security = Object.values(paths ?? {}).map((item) =>
      item.post?.security?.map((one) => Object.keys(one).join("+"))
    );
    const guests = ["guest", "key+guest"];
    expect(security).toEqual([["", "bearer", "key", ...guests], ["bearer", ...guests], ["bearer", "key"], [
      "",
      "bearer",
      "key",
    ]]);
  });

  it("names each operation by method and path", () => {
    const { paths } = documentOf(["/orders/{id}/shipments"], ["/webhook-deliveries/{id}"]);
    expect(Object.values(paths ?? {}).map((item) => item.post?.operationId))
      .toEqual(["post_orders_id_shipments", "post_webhook_deliveries_id"]);
  });

  it("lets every path name its store", () => {
    const { paths, components } = documentOf(["/orders"]);
    expect(paths?.["/orders"]?.parameters).toEqual([{ $ref: "#/components/parameters/X-Store" }]);
    expect(components?.parameters?.["X-Store"]).toMatchObject({ in: "header", required: false });
  });
});

import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { createHash } from "node:crypto";
import { testShop } from "../../shared/testing.ts";
import { call, type Caller, hire, openStore, operator, type ProblemBody, unique } from "../testing.ts";
import { eventually } from "./orders_testing.ts";

interface Product extends ProblemBody {
  id: string;
  images: { url: string; alt: string }[];
  version: number;
}

/** A PNG of 9 × 7 pixels that no other test has. */
const image = crypto.getRandomValues(new Uint8Array(300));
image.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]);
image.set([0, 0, 0, 9, 0, 0, 0, 7], 16);

/** A merchant's server. */
const merchant = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => new Response(image));

let manager: Caller;
before(async () => {
  const admin = await operator();
  const shop = await openStore(admin);
  manager = { ...await hire(admin, shop.id, "manager"), store: shop.slug };
});
after(() => merchant.shutdown());

describe("an image given by URL", () => {
  it("is soon one of the shop's own", async () => {
    const made = await call<Product>(manager, "POST", "/products", {
      name: "With a picture from elsewhere",
      sku: unique(),
      price: 1,
      images: [{ url: `http://127.0.0.1:${merchant.addr.port}/a.png`, alt: "A picture" }],
    });
    expect(made.status).toBe(201);
    const { images, version } = await eventually(
      async () => (await call<Product>(manager, "GET", `/products/${made.body.id}`)).body,
      (product) => product.version > 1,
    );
    const path = `/media/${createHash("sha256").update(image).digest("hex")}`;
    expect([images, version]).toEqual([[{ url: path, alt: "A picture" }], 2]);
    const got = await fetch(new URL(path, testShop().gateway));
    expect([got.status, got.headers.get("content-type")]).toEqual([200, "image/png"]);
    expect(new Uint8Array(await got.arrayBuffer())).toEqual(image);
  });
});

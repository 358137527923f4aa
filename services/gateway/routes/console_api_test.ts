import { expect } from "@std/expect";
import { before, describe, it } from "@std/testing/bdd";
import { createHash } from "node:crypto";
import { testShop } from "../../shared/testing.ts";
import { call, type Caller, hire, openStore, type ProblemBody, signUp, unique } from "../testing.ts";
import { admin, eventually, fill, type Order, pay, place, sell, store } from "./orders_testing.ts";

let manager: Caller, support: Caller, outsider: Caller, customer: Caller;
before(async () => {
  const other = await openStore(admin);
  const [boss, helper, stranger, buyer] = await Promise.all([
    hire(admin, store.id, "manager"),
    hire(admin, store.id, "support"),
    hire(admin, other.id, "manager"),
    signUp(),
  ]);
  manager = { ...boss, store: store.slug };
  support = { ...helper, store: store.slug };
  outsider = { ...stranger, store: store.slug };
  customer = { ...buyer, store: store.slug };
});

/** Sends bytes or text as they are. */
async function send(caller: Caller, method: string, path: string, type?: string, body?: BodyInit) {
  return await fetch(new URL(path, testShop().gateway), {
    method,
    headers: {
      ...(caller.token ? { authorization: `Bearer ${caller.token}` } : {}),
      ...(caller.store ? { "x-store": caller.store } : {}),
      ...(type ? { "content-type": type } : {}),
    },
    ...(body === undefined ? {} : { body }),
  });
}

async function codeOf(response: Response): Promise<[number, string]> {
  return [response.status, (await response.json() as ProblemBody).code];
}

/** A buyer's paid order. */
async function paidOrder(): Promise<Order & { buyer: Caller; variant_id: string }> {
  const variant_id = await sell(5);
  const buyer = await fill({}, variant_id, 2);
  const { body } = await place(buyer);
  expect((await pay(buyer, body.id)).status).toBe(201);
  return { ...body, buyer, variant_id };
}

describe("/media", () => {
  const png = (size: number) => {
    const bytes = new Uint8Array(size);
    crypto.getRandomValues(bytes.subarray(64, 128));
    const header = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52];
    bytes.set([...header, 0, 0, 0, 9, 0, 0, 0, 7]);
    return bytes;
  };

  it("takes an image as the body or in a form, and serves it for good", async () => {
    const bytes = png(1_500_000);
    const id = createHash("sha256").update(bytes).digest("hex");
    const made = await send(manager, "POST", "/media", "image/png", bytes);
    expect([made.status, await made.json()]).toEqual([201, { id, url: `/media/${id}` }]);
    const form = new FormData();
    form.set("file", new File([bytes], "a.png", { type: "image/png" }));
    const again = await send(manager, "POST", "/media", undefined, form);
    expect([again.status, await again.json()]).toEqual([201, { id, url: `/media/${id}` }]);

    const got = await send({}, "GET", `/media/${id}`);
    expect(got.status).toBe(200);
    expect(new Uint8Array(await got.arrayBuffer())).toEqual(bytes);
    expect(["content-type", "cache-control", "etag", "x-content-type-options"].map((name) => got.headers.get(name)))
      .toEqual(["image/png", "public, max-age=31536000, immutable", `"${id}"`, "nosniff"]);
    const known = await fetch(new URL(`/media/${id}`, testShop().gateway), { headers: { "if-none-match": `"${id}"` } });
    expect(known.status).toBe(304);

    const { body } = await call<{ images: unknown }>(manager, "POST", "/products", {
      name: "With a picture",
      sku: unique(),
      price: 1,
      images: [{ url: `/media/${id}`, alt: "A picture" }],
    });
    expect(body.images).toEqual([{ url: `/media/${id}`, alt: "A picture" }]);
  });

  it("does not tell where a photo was taken", async () => {
    const note = `<x exif:GPSLatitude="48,51.5N" id="${unique()}"/>`;
    const frame = [0xff, 0xc0, 0, 17, 8, 0, 7, 0, 9, 3, ...new Array(9).fill(1), 0xff, 0xd9];
    const photo = new Uint8Array([
      ...[0xff, 0xd8, 0xff, 0xe1, 0, note.length + 2],
      ...new TextEncoder().encode(note),
      ...frame,
    ]);
    const made = await send(manager, "POST", "/media", "image/jpeg", photo);
    const { id, url } = await made.json();
    const kept = new Uint8Array(await (await send({}, "GET", url)).arrayBuffer());
    expect(new TextDecoder("latin1").decode(kept)).toContain('exif:GPSLatitude="00,00.0N" id=');
    expect([made.status, id]).toEqual([201, createHash("sha256").update(kept).digest("hex")]);
  });

  it("refuses what is too large, no image, or from somebody else", async () => {
    expect(await codeOf(await send(manager, "POST", "/media", "image/png", png(5 * 1024 * 1024 + 1))))
      .toEqual([413, "body_too_large"]);
    expect(await codeOf(await send(manager, "POST", "/media", "image/png", png(6 * 1024 * 1024))))
      .toEqual([413, "body_too_large"]);
    const svg = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    for (
      const [type, body] of [["image/svg+xml", svg], ["image/png", svg], ["text/plain", "x"], [
        "application/json",
        "{}",
      ]]
    ) {
      expect(await codeOf(await send(manager, "POST", "/media", type, body))).toEqual([415, "unsupported_media_type"]);
    }
    expect((await codeOf(await send(manager, "POST", "/media", undefined, new FormData())))[0]).toBe(400);
    expect(await codeOf(await send({}, "POST", "/media", "image/png", png(200)))).toEqual([401, "unauthenticated"]);
    expect(await codeOf(await send(support, "POST", "/media", "image/png", png(200)))).toEqual([403, "forbidden"]);
    expect(await codeOf(await send(outsider, "POST", "/media", "image/png", png(200)))).toEqual([
      404,
      "store_not_found",
    ]);
    for (const id of ["0".repeat(64), "x", "..%2fetc"]) {
      expect(await codeOf(await send({}, "GET", `/media/${id}`))).toEqual([404, "media_not_found"]);
    }
  });
});

describe("stock", () => {
  it("is shown by variant, with its movements, and where it runs out", async () => {
    const variant_id = await sell(3);
    await call(manager, "POST", `/variants/${variant_id}/stock`, { delta: -1, reason: "Broken" });
    expect((await call(support, "GET", `/variants/${variant_id}/stock`)).body)
      .toEqual({ on_hand: 2, reserved: 0, available: 2 });
    const { body } = await call<{ data: { delta: number; reason: string }[]; next_cursor: string }>(
      support,
      "GET",
      `/variants/${variant_id}/movements?limit=1`,
    );
    expect(body.data).toMatchObject([{ kind: "adjust", delta: -1, reason: "Broken" }]);
    const next = await call<typeof body>(
      support,
      "GET",
      `/variants/${variant_id}/movements?cursor=${body.next_cursor}`,
    );
    expect(next.body).toMatchObject({ data: [{ kind: "initial", delta: 3 }], next_cursor: null });
    const low = await call<{ data: { variant_id: string }[]; total: number }>(
      support,
      "GET",
      "/stock/low?threshold=2&limit=100&count=exact",
    );
    expect(low.body.data.map((found) => found.variant_id)).toContain(variant_id);
    for (const path of [`/variants/${variant_id}/stock`, `/variants/${variant_id}/movements`, "/stock/low"]) {
      expect([(await call(customer, "GET", path)).status, (await call(outsider, "GET", path)).status, path])
        .toEqual([403, 404, path]);
    }
    for (const threshold of ["101", ""]) {
      expect((await call(support, "GET", `/stock/low?threshold=${threshold}`)).status).toBe(400);
    }
  });
});

describe("an order's notes and timeline", () => {
  it("tell staff what happened and who did it, newest first", async () => {
    const order = await paidOrder();
    const noted = await call<{ id: string; code: string }>(support, "POST", `/orders/${order.id}/notes`, {
      text: "Gift",
    });
    expect(noted.status).toBe(201);
    expect((await call<{ data: unknown[] }>(manager, "GET", `/orders/${order.id}/notes`)).body.data).toHaveLength(1);
    await call(manager, "PUT", `/orders/${order.id}/status`, { status: "processing" });
    await call(manager, "POST", `/orders/${order.id}/shipments`, { carrier: "DHL", tracking_number: "JD1" });
    const { data: [payment] } =
      (await call<{ data: { id: string }[] }>(manager, "GET", `/payments?order_id=${order.id}`)).body;
    await call({ ...manager, headers: { "Idempotency-Key": unique() } }, "POST", `/payments/${payment?.id}/refunds`, {
      amount: 100,
      reason: "Late",
    });
    const { body } = await call<{ data: { kind: string; time: string; actor_name?: string; to?: string }[] }>(
      support,
      "GET",
      `/orders/${order.id}/timeline`,
    );
    const kinds = body.data.map(({ kind, to }) => to ?? kind);
    expect(kinds.toSorted()).toEqual(
      ["note", "paid", "payment", "pending_payment", "processing", "refund", "shipment", "shipped"],
    );
    expect(body.data.map(({ time }) => time)).toEqual(body.data.map(({ time }) => time).toSorted().reverse());
    expect(body.data.find(({ kind }) => kind === "note")?.actor_name).toMatch(/@nano\.test$/);
  });

  it("are not for buyers, other stores or card numbers", async () => {
    const { id, buyer } = await paidOrder();
    expect((await call(customer, "GET", `/orders/${id}/timeline`)).status).toBe(403);
    expect((await call(buyer, "GET", `/orders/${id}/notes`)).status).toBe(401);
    expect((await call(outsider, "GET", `/orders/${id}/timeline`)).status).toBe(404);
    expect((await call(outsider, "POST", `/orders/${id}/notes`, { text: "x" })).status).toBe(404);
    expect((await call(support, "POST", `/orders/${id}/notes`, { text: "4242 4242 4242 4242" })).status).toBe(422);
    expect((await call(support, "POST", `/orders/${id}/notes`, { text: "x", actor: "me" })).status).toBe(400);
  });
});

describe("bulk status", () => {
  it("moves each order by itself and tells what became of it", async () => {
    const [one, two] = [await paidOrder(), await paidOrder()];
    const unknown = crypto.randomUUID();
    const { status, body } = await call<{ data: object[]; changed: number }>(manager, "POST", "/orders/bulk-status", {
      ids: [one.id, unknown, two.id],
      status: "processing",
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      data: [
        { id: one.id, ok: true, status: "processing" },
        { id: unknown, ok: false, code: "order_not_found" },
        { id: two.id, ok: true },
      ],
      changed: 2,
      refused: 1,
    });
    const again = await call(manager, "POST", "/orders/bulk-status", { ids: [one.id], status: "processing" });
    expect(again.body).toMatchObject({ data: [{ ok: false, code: "invalid_transition" }] });
    const foreign = await call(outsider, "POST", "/orders/bulk-status", { ids: [one.id], status: "cancelled" });
    expect(foreign.body).toMatchObject({ data: [{ ok: false, code: "order_not_found" }] });
    expect((await call(support, "POST", "/orders/bulk-status", { ids: [one.id], status: "cancelled" })).status).toBe(
      403,
    );
    expect((await call(manager, "POST", "/orders/bulk-status", { ids: [], status: "cancelled" })).status).toBe(400);
  });

  it("publishes and archives products, but not another store's", async () => {
    const { body: { id } } = await call<{ id: string }>(manager, "POST", "/products", {
      name: "Draft",
      sku: unique(),
      price: 1,
      status: "draft",
    });
    const set = (caller: Caller, status: string) =>
      call(caller, "POST", "/products/bulk-status", { ids: [id], status }).then(({ body }) => body);
    expect(await set(outsider, "active")).toMatchObject({ data: [{ ok: false, code: "product_not_found" }] });
    expect(await set(manager, "active")).toMatchObject({ data: [{ ok: true, status: "active" }], changed: 1 });
    expect(await set(outsider, "archived")).toMatchObject({ data: [{ ok: false, code: "product_not_found" }] });
    expect(await set(manager, "archived")).toMatchObject({ data: [{ ok: true, status: "archived" }] });
    expect((await call(support, "POST", "/products/bulk-status", { ids: [id], status: "draft" })).status).toBe(403);
  });
});

describe("tables", () => {
  it("of orders have the list's filters, and run in no spreadsheet", async () => {
    const shop = await openStore(admin);
    const variant_id = await sell(9, 1050, shop);
    const buyer = await fill({ store: shop.slug }, variant_id, 2);
    const address = { name: '=HYPERLINK("x")', line1: "1", city: "-Berlin", postal_code: "1", country: "DE" };
    await place(buyer, { shipping_address: address });
    const here = { ...admin, store: shop.slug };
    const response = await send(here, "GET", "/orders/export.csv");
    expect(response.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    const [header, line, ...rest] = (await response.text()).split("\r\n");
    expect(header).toMatch(/^number,id,create_time,status,/);
    expect(line).toContain(`,"'=HYPERLINK(""x"")",'-Berlin,DE,2,USD,21.00,`);
    expect(rest).toEqual([""]);
    expect((await (await send(here, "GET", "/orders/export.csv?status=paid")).text()).split("\r\n")).toHaveLength(2);
    expect((await send(outsider, "GET", "/orders/export.csv")).status).toBe(404);
    expect((await send(customer, "GET", "/orders/export.csv")).status).toBe(403);
  });

  it("of products go out and come back without a change, page after page", async () => {
    const shop = await openStore(admin, { currency: "EUR", locale: "de-DE" });
    const here = { ...admin, store: shop.slug };
    const rows = Array.from(
      { length: 120 },
      (_, n) => `Ding ${n},D-${n},"1.0${n % 100 < 10 ? "0" : ""}${n % 100},50",${n}`,
    );
    const table = ["name,sku,price,stock", ...rows, "Hemd,H-S,39,1", "Hemd,H-M,39,2"].join("\n");
    const post = async (body: string, query = "") => {
      const response = await send(here, "POST", `/products/import${query}`, "text/csv", body);
      return [response.status, await response.json()] as const;
    };
    expect(await post(table, "?dry_run=true")).toMatchObject([200, { dry_run: true, created: 121, refused: [] }]);
    expect((await call<{ total: number }>(here, "GET", "/products?count=exact")).body.total).toBe(0);
    expect(await post(table)).toMatchObject([200, { created: 121, updated: 0, unchanged: 0, refused: [] }]);
    expect(await post(table)).toMatchObject([200, { created: 0, updated: 0, unchanged: 121, changes: [] }]);
    const out = await (await send(here, "GET", "/products/export.csv")).text();
    expect(out.split("\r\n")).toHaveLength(124);
    expect(await post(out)).toMatchObject([200, { updated: 0, unchanged: 121, refused: [] }]);
    expect(await post('slug,sku,price\nhemd,H-S,abc\nding-7,D-7,"7,25"\n')).toMatchObject([200, {
      updated: 1,
      refused: [{ line: 2, code: "invalid_price" }],
      changes: [{ line: 3, slug: "ding-7", sku: "D-7", field: "price", to: "7.25" }],
    }]);
  });

  it("of products keep prices of three decimals, whatever the locale takes for a thousand", async () => {
    for (const [currency, locale, cell] of [["TND", "ar-TN", '"1,234"'], ["KWD", "ar-KW", "1.234"]] as const) {
      const shop = await openStore(admin, { currency, locale });
      const here = { ...admin, store: shop.slug };
      for (const price of [1234, 5_678_900, 1_234_567_000]) {
        const made = await call(here, "POST", "/products", { name: `Tea ${price}`, sku: `T-${price}`, price });
        expect(made.status).toBe(201);
      }
      const out = await (await send(here, "GET", "/products/export.csv")).text();
      expect(out).toContain(`,T-1234,${cell},`);
      const back = await (await send(here, "POST", "/products/import", "text/csv", out)).json();
      expect(back).toMatchObject({ updated: 0, unchanged: 3, refused: [] });
    }
  });

  it("of products may be as large as a table may be", async () => {
    const shop = await openStore(admin);
    const options = Array.from({ length: 20 }, (_, n) => `option:The composition of part ${n}`).join(",");
    const rows = Array.from({ length: 2_000 }, (_, n) => {
      const product = Math.floor(n / 40);
      return `Big ${product},B-${n},1,${Array.from({ length: 20 }, (_, m) => `a value ${n}-${m}`).join(",")}`;
    });
    const table = [`name,sku,price,${options}`, ...rows].join("\n");
    const response = await send(
      { ...admin, store: shop.slug },
      "POST",
      "/products/import?dry_run=true",
      "text/csv",
      table,
    );
    expect([response.status, await response.json()]).toMatchObject([200, { created: 50, refused: [] }]);
  });

  it("of products are imported by managers, as CSV, and of 1 MiB at most", async () => {
    const table = "name,sku,price\nTea,T,1\n";
    expect((await send(support, "POST", "/products/import", "text/csv", table)).status).toBe(403);
    expect((await send(outsider, "POST", "/products/import", "text/csv", table)).status).toBe(404);
    expect((await send(manager, "POST", "/products/import", "application/json", "{}")).status).toBe(415);
    expect((await send(manager, "POST", "/products/import", "text/csv", "x".repeat(1024 * 1024 + 1))).status).toBe(413);
    expect(await codeOf(await send(manager, "POST", "/products/import", "text/csv", "name,sku,colour\na,b,c\n")))
      .toEqual([400, "unknown_column"]);
    expect(await codeOf(await send(manager, "POST", "/products/import", "text/csv", 'name,sku\n"a')))
      .toEqual([400, "invalid_csv"]);
  });
});

describe("GET /stores/{id}/home", () => {
  interface Home {
    to_do: Record<string, number>;
    orders_by_status: Record<string, number>;
    today: { orders: number; revenue: { amount: number } };
    last_30_days: { day: string; orders: number }[];
    previous_30_days: { days: unknown[] };
    best_sellers: { sku: string }[];
  }

  it("tells what needs doing and what happened", async () => {
    const shop = await openStore(admin);
    const here = { ...admin, store: shop.slug };
    const look = async () => (await call<Home>(here, "GET", `/stores/${shop.id}/home`)).body;
    expect(await look()).toMatchObject({
      to_do: { orders_to_ship: 0, payments_to_look_at: 0, low_stock: 0, failed_webhooks: 0 },
      orders_by_status: {},
      today: { orders: 0, revenue: { amount: 0, currency: "USD" } },
      best_sellers: [],
    });
    const variant_id = await sell(4, 1000, shop);
    for (const method of ["test", "manual"]) {
      const buyer = await fill({ store: shop.slug }, variant_id);
      const order = await place(buyer, { payment: { method, token: method === "test" ? "tok_ok" : "" } });
      expect(order.status).toBe(201);
    }
    const now = await eventually(look, ({ today }) => today.orders === 2 && today.revenue.amount === 1000);
    expect(now.to_do).toEqual({ orders_to_ship: 2, payments_to_look_at: 1, low_stock: 1, failed_webhooks: 0 });
    expect([now.orders_by_status, now.today.revenue.amount]).toEqual([{ paid: 2 }, 1000]);
    expect([now.last_30_days.length, now.previous_30_days.days.length, now.last_30_days.at(-1)?.orders]).toEqual([
      30,
      30,
      2,
    ]);
    expect(now.best_sellers).toHaveLength(1);
    expect((await call(here, "GET", "/orders/counts")).body).toEqual({ paid: 2 });
  });

  it("is for the store's staff", async () => {
    const path = `/stores/${store.id}/home`;
    expect((await call(support, "GET", path)).status).toBe(200);
    expect((await call(customer, "GET", path)).status).toBe(403);
    expect((await call(outsider, "GET", path)).status).toBe(404);
    expect((await call({}, "GET", path)).status).toBe(401);
    expect((await call(admin, "GET", "/stores/nowhere/home")).status).toBe(404);
  });
});

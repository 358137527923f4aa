import { after, before, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { createHash } from "node:crypto";
import { newId } from "../shared/ids.ts";
import { lowStockStatement, movementsStatement } from "./stock_lists.ts";
import { admin, as, product, refusal, staff, startProductService, stranger, variant } from "./testing.ts";

type Service = Awaited<ReturnType<typeof startProductService>>;
let service: Service;
before(async () => {
  service = await startProductService();
});
after(() => service?.stop());

describe("media", () => {
  const store_id = newId();
  const manager = staff(store_id);
  const CHUNK = 256 * 1024;
  /** A PNG's header, and then whatever. */
  function image(size: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(size);
    for (let at = 64; at < size; at += 4096) bytes[at] = Math.random() * 256;
    bytes.set([
      0x89,
      0x50,
      0x4e,
      0x47,
      0x0d,
      0x0a,
      0x1a,
      0x0a,
      0,
      0,
      0,
      13,
      0x49,
      0x48,
      0x44,
      0x52,
      0,
      0,
      0,
      9,
      0,
      0,
      0,
      7,
    ]);
    return bytes;
  }
  const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  async function upload(bytes: Uint8Array<ArrayBuffer>, sha256 = hashOf(bytes), skip = -1) {
    const upload_id = newId();
    return await as(manager, async () => {
      for (let position = 0; position * CHUNK < bytes.length; position++) {
        const data = bytes.subarray(position * CHUNK, (position + 1) * CHUNK);
        if (position !== skip) await service.rpc.putMediaChunk({ store_id, upload_id, position, data });
      }
      return await service.rpc.finishMedia({ store_id, upload_id, sha256 });
    });
  }
  const stored = async () =>
    (await service.owner.query<{ images: number; chunks: number }>(
      "select (select count(*) from product.media) as images, (select count(*) from product.media_chunks) as chunks",
    )).rows[0];

  it("gives the bytes back, in parts, to anyone", async () => {
    const bytes = image(600_000);
    const sha256 = hashOf(bytes);
    expect(await upload(bytes)).toEqual({ sha256, type: "image/png", size: 600_000, width: 9, height: 7 });
    await as(stranger, async () => {
      expect((await service.rpc.getMedia({ sha256 })).size).toBe(600_000);
      const hash = createHash("sha256");
      for (let position = 0; position < 3; position++) {
        hash.update((await service.rpc.getMediaChunk({ sha256, position })).data);
      }
      expect(hash.digest("hex")).toBe(sha256);
    });
    expect((await refusal(as(stranger, () => service.rpc.getMediaChunk({ sha256, position: 3 })))).code)
      .toBe("media_not_found");
  });

  it("keeps the same bytes once, also when they come twice at once", async () => {
    const bytes = image(300_000);
    const before = await stored();
    await Promise.all([upload(bytes), upload(bytes), upload(bytes)]);
    await upload(bytes);
    expect(await stored()).toEqual({ images: (before?.images ?? 0) + 1, chunks: (before?.chunks ?? 0) + 2 });
  });

  it("shows nothing that is not complete, or not what it claims to be", async () => {
    const bytes = image(700_000);
    expect((await refusal(upload(bytes, hashOf(bytes), 1))).code).toBe("upload_incomplete");
    expect((await refusal(upload(bytes, "0".repeat(64)))).code).toBe("upload_incomplete");
    expect((await refusal(as(stranger, () => service.rpc.getMedia({ sha256: hashOf(bytes) })))).code)
      .toBe("media_not_found");
    expect((await refusal(upload(new Uint8Array(100)))).code).toBe("unsupported_media_type");
    const broken = image(100);
    broken.set([0, 0, 0, 0], 16);
    expect((await refusal(upload(broken))).code).toBe("invalid_image");
    const chunk = { store_id, upload_id: newId(), position: 20, data: bytes.subarray(0, 10) };
    expect((await refusal(as(manager, () => service.rpc.putMediaChunk(chunk)))).code).toBe("body_too_large");
  });

  it("is uploaded by managers only", async () => {
    const chunk = { store_id, upload_id: newId(), position: 0, data: image(100) };
    expect((await refusal(as(staff(store_id, "support"), () => service.rpc.putMediaChunk(chunk)))).code).toBe(
      "forbidden",
    );
    expect((await refusal(as(staff(newId()), () => service.rpc.putMediaChunk(chunk)))).code).toBe("store_not_found");
  });
});

describe("ListAudit", () => {
  it("shows a manager the own store's changes with their store, and an admin all", async () => {
    const [store_id, other] = [newId(), newId()];
    const create = (store: string, sku: string) =>
      as(admin, () => service.rpc.createProduct({ store_id: store, product: product("Tea", [variant(sku, 100, 1)]) }));
    const made = await create(store_id, "AU-1");
    await create(other, "AU-2");
    const { version } = await as(admin, () =>
      service.rpc.updateProduct({
        id: made.id,
        version: 1,
        replace: false,
        product: product("Green tea", []),
      }));
    expect(version).toBe(2);
    const list = (actor: Parameters<typeof as>[0], more: object = {}) =>
      as(actor, () =>
        service.rpc.listAudit({
          from: undefined,
          to: undefined,
          before_time: undefined,
          before_id: 0,
          limit: 50,
          ...more,
        }));
    const { data } = await list(staff(store_id), { table_name: "products" });
    expect(data.map(({ action, store_id, row_id }) => [action, store_id, row_id])).toEqual([
      ["update", store_id, made.id],
      ["insert", store_id, made.id],
    ]);
    expect(JSON.parse(data[0]?.after_json ?? "{}")).toMatchObject({ name: "Green tea" });
    expect((await list(staff(other), { row_id: made.id })).data).toEqual([]);
    expect(
      (await list({
        ...staff(store_id),
        store_roles: [store_id, other].map((store_id) => ({ store_id, role: "manager" })),
      }, {
        table_name: "variants",
      })).data.length,
    ).toBe(2);
    expect((await list(admin, { store_id: other, table_name: "products" })).data.length).toBe(1);
    expect((await list(admin, { limit: 1 })).more).toBe(true);
    expect((await refusal(list(staff(store_id), { store_id: other }))).code).toBe("store_not_found");
    expect((await refusal(list(staff(store_id, "support")))).code).toBe("forbidden");
    expect((await refusal(list(stranger))).code).toBe("unauthenticated");
  });
});

describe("the console's lists over 50,000 rows", () => {
  const store_id = newId();
  let variant_id: string;
  before(async () => {
    const client = await service.owner.connect();
    await client.query("set search_path = product, public");
    await client.query("alter table products disable trigger user; alter table variants disable trigger user");
    await client.query(
      `with p as (
         insert into products (id, store_id, slug, name, currency, price, in_stock)
         select gen_random_uuid(), $1, 'low' || n, 'Low ' || n, 'USD', 100, true from generate_series(1, 50000) n
         returning id, store_id, slug, currency
       )
       insert into variants (id, product_id, store_id, sku, price, currency, position, on_hand)
       select gen_random_uuid(), id, store_id, slug, 100, currency, 0, substr(slug, 4)::int from p`,
      [store_id],
    );
    variant_id = (await client.query("select id from variants where store_id = $1 limit 1", [store_id])).rows[0].id;
    await client.query(
      `insert into stock_movements (variant_id, kind, delta, reason)
       select case when n % 100 = 0 then $1::uuid else gen_random_uuid() end, 'adjust', 1, 'x' from generate_series(1, 50000) n`,
      [variant_id],
    );
    await client.query("alter table products enable trigger user; alter table variants enable trigger user");
    await client.query("analyze products; analyze variants; analyze stock_movements; reset search_path");
    client.release();
  });

  /** The plan for any values: what a prepared statement comes to have. */
  async function planOf({ text, values }: { text: string; values: unknown[] }): Promise<string> {
    const client = await service.owner.connect();
    try {
      await client.query("set search_path = product, public; set plan_cache_mode = force_generic_plan");
      await client.query(`prepare console as ${text}`);
      const given = values.map((value) => `'${value}'`).join(", ");
      const { rows } = await client.query(`explain (analyze) execute console(${given})`);
      await client.query("deallocate console; reset all");
      return rows.map((row) => row["QUERY PLAN"]).join("\n");
    } finally {
      client.release();
    }
  }

  it("finds what is low by its own index, on every page", async () => {
    for (const after of [undefined, { available: 3, id: newId() }]) {
      const plan = await planOf(lowStockStatement({ store_id, threshold: 5, limit: 21, after }));
      expect(plan).toContain("variants_running_low");
      expect(plan).not.toMatch(/Seq Scan|Sort/);
    }
  });

  it("lets a sale of what is not low touch no index (a heap-only update)", async () => {
    const client = await service.owner.connect();
    try {
      await client.query("set search_path = product, public; begin");
      const updated = async (on_hand: number) => {
        await client.query("update variants set reserved = 2 where store_id = $1 and on_hand = $2", [
          store_id,
          on_hand,
        ]);
        const { rows } = await client.query<{ all: number; heap_only: number }>(
          `select n_tup_upd::int as all, n_tup_hot_upd::int as heap_only from pg_stat_xact_user_tables
           where relid = 'variants'::regclass`,
        );
        return rows[0];
      };
      expect(await updated(40_000)).toEqual({ all: 1, heap_only: 1 });
      expect(await updated(50)).toEqual({ all: 2, heap_only: 1 });
    } finally {
      await client.query("rollback; reset all");
      client.release();
    }
  });

  it("finds a variant's movements by their index", async () => {
    for (const before of [undefined, 20_000]) {
      const plan = await planOf(movementsStatement(variant_id, before, 21));
      expect(plan).toContain("stock_movements_of_variant");
      expect(plan).not.toMatch(/Seq Scan|Sort/);
    }
  });

  it("pages through what is low, fewest first, and counts it", async () => {
    const seen: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await as(staff(store_id, "support"), () =>
        service.rpc.listLowStock({
          store_id,
          threshold: 5,
          limit: 2,
          count: true,
          ...(cursor ? { cursor } : {}),
        }));
      expect(page.total).toBe(5);
      seen.push(...page.data.map(({ available }) => available));
      cursor = page.next_cursor;
    } while (cursor !== undefined);
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });

  it("pages through movements, newest first", async () => {
    const page = (cursor?: string) =>
      as(staff(store_id, "support"), () =>
        service.rpc.listMovements({
          variant_id,
          limit: 100,
          count: true,
          ...(cursor ? { cursor } : {}),
        }));
    const first = await page();
    expect([first.data.length, first.total]).toEqual([100, 500]);
    const second = await page(first.next_cursor);
    expect(second.data[0]?.id).toBeLessThan(first.data.at(-1)?.id ?? 0);
    expect(
      (await refusal(as(staff(newId()), () => service.rpc.listMovements({ variant_id, limit: 1, count: false })))).code,
    )
      .toBe("variant_not_found");
  });
});

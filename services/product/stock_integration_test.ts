import { after, before, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { newId } from "../shared/ids.ts";
import { admin, as, product, refusal, startProductService, system, variant } from "./testing.ts";

type Service = Awaited<ReturnType<typeof startProductService>>;

describe("stock", () => {
  const store_id = newId();
  let service: Service;
  before(async () => void (service = await startProductService()));
  after(() => service?.stop());

  let products = 0;
  async function stocked(...stock: number[]) {
    const n = products++;
    const input = product(`Thing ${n}`, stock.map((count, i) => variant(`T${n}-${i}`, 100, count)));
    const { id, variants } = await as(admin, () => service.rpc.createProduct({ store_id, product: input }));
    return { id, variants: variants.map(({ id }) => id) as [string, ...string[]] };
  }
  const reserve = (order_id: string, ...lines: [variant_id: string, quantity: number][]) =>
    as(system, () =>
      service.rpc.reserveStock({
        order_id,
        store_id,
        lines: lines.map(([variant_id, quantity]) => ({ variant_id, quantity })),
        expire_time: new Date(Date.now() + 900_000),
      }));
  const commit = (order_id: string) => as(system, () => service.rpc.commitStock({ order_id }));
  const release = (order_id: string) => as(system, () => service.rpc.releaseStock({ order_id }));
  const giveBack = (order_id: string, key: string, variant_id: string, quantity: number) =>
    as(system, () => service.rpc.returnStock({ order_id, key, lines: [{ variant_id, quantity }], reason: "returned" }));
  const adjust = (variant_id: string, delta: number) =>
    as(admin, () => service.rpc.adjustStock({ variant_id, delta, reason: "count" }));

  async function stockOf(variant_id: string): Promise<[on_hand: number, reserved: number]> {
    const { rows: [row] } = await service.owner.query<{ on_hand: number; reserved: number }>(
      "select on_hand, reserved from product.variants where id = $1",
      [variant_id],
    );
    return [row?.on_hand ?? NaN, row?.reserved ?? NaN];
  }
  /** Takes some of a variant off the shelf by hand, which ends only once the work that is begun meanwhile waits for it. */
  async function soldMeanwhile<T>(variant_id: string, quantity: number, begin: () => Promise<T>): Promise<T> {
    const client = await service.owner.connect();
    try {
      await client.query("begin; set local search_path = product");
      await client.query("update variants set on_hand = on_hand - $2 where id = $1", [variant_id, quantity]);
      await client.query("insert into stock_movements (variant_id, kind, delta) values ($1, 'adjust', -$2::int)", [
        variant_id,
        quantity,
      ]);
      const work = begin();
      work.catch(() => {});
      const waits =
        "select from pg_locks join pg_stat_activity using (pid) where not granted and datname = current_database()";
      for (let i = 0; i < 500 && !(await service.owner.query(waits)).rowCount; i++) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await client.query("commit");
      return await work;
    } finally {
      client.release();
    }
  }
  /** The variants of which the invariants I1 and I2 do not hold. */
  async function broken(): Promise<unknown[]> {
    const { rows } = await service.owner.query(`
      select v.id from product.variants v
      where v.reserved not between 0 and v.on_hand
        or v.on_hand <> (select coalesce(sum(delta), 0) from product.stock_movements where variant_id = v.id)
        or v.reserved <> (select coalesce(sum(quantity), 0) from product.reservations where variant_id = v.id and state = 'held')`);
    return rows;
  }

  it("sells one unit to exactly one of 50 buyers at once", async () => {
    const { id, variants: [only] } = await stocked(1);
    const results = await Promise.allSettled(Array.from({ length: 50 }, () => reserve(newId(), [only, 1])));
    const refused = results.filter((result) => result.status === "rejected").map((result) => result.reason.code);
    expect(refused).toEqual(Array(49).fill("out_of_stock"));
    expect(await stockOf(only)).toEqual([1, 1]);
    const { variants } = await as(admin, () => service.rpc.getProduct({ store_id, id_or_slug: id }));
    expect(variants[0]?.available).toBe(0);
    expect(await broken()).toEqual([]);
  });

  it("never blocks orders that want the same variants in another order", async () => {
    const { variants: [a, b = ""] } = await stocked(40, 40);
    await Promise.all(
      Array.from(
        { length: 40 },
        (_, i) => reserve(newId(), ...(i % 2 ? [[a, 1], [b, 1]] : [[b, 1], [a, 1]]) as [string, number][]),
      ),
    );
    expect([await stockOf(a), await stockOf(b)]).toEqual([[40, 40], [40, 40]]);
  });

  it("holds all lines or none and names each SKU that is short", async () => {
    const { variants: [a, b = ""] } = await stocked(5, 1);
    const { code, members } = await refusal(reserve(newId(), [a, 2], [b, 1], [b, 1]));
    expect(code).toBe("out_of_stock");
    expect(members?.["items"]).toEqual([{
      variant_id: b,
      sku: expect.stringMatching(/-1$/),
      requested: 2,
      available: 1,
    }]);
    expect([await stockOf(a), await stockOf(b)]).toEqual([[5, 0], [1, 0]]);
  });

  it("holds all lines or none where stock runs short while it waits for its turn", async () => {
    const { variants: [a, b = ""] } = await stocked(50, 50);
    const order = newId();
    const { code, members } = await refusal(soldMeanwhile(b, 48, () => reserve(order, [a, 2], [b, 3])));
    expect({ code, members }).toMatchObject({
      code: "out_of_stock",
      members: { items: [{ variant_id: b, available: 2 }] },
    });
    expect([await stockOf(a), await stockOf(b)]).toEqual([[50, 0], [2, 0]]);
    // Nothing is left of the try, not even that there was one.
    await adjust(b, 48);
    await reserve(order, [a, 2], [b, 3]);
    expect([await stockOf(a), await stockOf(b)]).toEqual([[50, 2], [50, 3]]);
    await soldMeanwhile(b, 10, () => commit(order));
    expect([await stockOf(a), await stockOf(b)]).toEqual([[48, 0], [37, 0]]);
    expect(await broken()).toEqual([]);
  });

  it("notes who took what off the shelf", async () => {
    const { variants: [a] } = await stocked(50);
    const order = newId();
    await reserve(order, [a, 1]);
    await commit(order);
    const { rows } = await service.owner.query(
      "select kind, delta, reserved_delta, actor from product.stock_movements where order_id = $1",
      [order],
    );
    expect(rows).toEqual([{ kind: "commit", delta: -1, reserved_delta: -1, actor: "service" }]);
  });

  it("refuses variants that nobody knows", async () => {
    expect((await refusal(reserve(newId(), [newId(), 1]))).code).toBe("out_of_stock");
    expect((await refusal(reserve(newId(), ["nonsense", 1]))).code).toBe("out_of_stock");
  });

  for (const [many, count] of [["few", 5], ["plenty", 50]] as const) {
    it(`refuses variants of another store, of drafts, and that are archived, of which there are ${many}`, async () => {
      const { id, variants: [a] } = await stocked(count);
      const draft = { id, version: 1, replace: false, product: product(undefined, [], { status: "draft" }) };
      await as(admin, () => service.rpc.updateProduct(draft));
      expect((await refusal(reserve(newId(), [a, 1]))).code).toBe("out_of_stock");
      const { id: other, variants: [b, c = ""] } = await stocked(count, count);
      const without = {
        id: other,
        version: 1,
        replace: true,
        product: product("Rest", [variant(`T${products - 1}-1`, 100)]),
      };
      await as(admin, () => service.rpc.updateProduct(without));
      expect((await refusal(reserve(newId(), [b, 1]))).code).toBe("out_of_stock");
      const elsewhere = {
        order_id: newId(),
        store_id: newId(),
        lines: [{ variant_id: c, quantity: 1 }],
        expire_time: new Date(),
      };
      expect((await refusal(as(system, () => service.rpc.reserveStock(elsewhere)))).code).toBe("out_of_stock");
      expect([await stockOf(a), await stockOf(b), await stockOf(c)]).toEqual(Array(3).fill([count, 0]));
    });
  }

  it("does each step of an order once, however often it is told", async () => {
    const { variants: [a] } = await stocked(5);
    const order = newId();
    await Promise.all([reserve(order, [a, 2]), reserve(order, [a, 2]), reserve(order, [a, 2])]);
    expect(await stockOf(a)).toEqual([5, 2]);
    await Promise.all([commit(order), commit(order), commit(order)]);
    expect(await stockOf(a)).toEqual([3, 0]);
    await release(order);
    await reserve(newId(), [a, 3]);
    expect(await stockOf(a)).toEqual([3, 3]);
    await Promise.all([giveBack(order, "r1", a, 1), giveBack(order, "r1", a, 1)]);
    expect(await stockOf(a)).toEqual([4, 3]);
    expect((await refusal(giveBack(order, "r2", a, 2))).code).toBe("over_return");
    await giveBack(order, "r2", a, 1);
    await giveBack(order, "r2", a, 1);
    expect(await stockOf(a)).toEqual([5, 3]);
    expect(await broken()).toEqual([]);
  });

  it("lets go once and never holds for that order again", async () => {
    const { variants: [a] } = await stocked(5);
    const order = newId();
    await reserve(order, [a, 2]);
    await Promise.all([release(order), release(order)]);
    expect(await stockOf(a)).toEqual([5, 0]);
    expect((await refusal(reserve(order, [a, 2]))).code).toBe("hold_closed");
    expect((await refusal(commit(order))).code).toBe("stock_not_held");
    expect((await refusal(giveBack(order, "r", a, 1))).code).toBe("over_return");
  });

  it("lets a release that overtook its reserve win", async () => {
    const { variants: [a] } = await stocked(5);
    const order = newId();
    await release(order);
    expect((await refusal(reserve(order, [a, 1]))).code).toBe("hold_closed");
    expect(await stockOf(a)).toEqual([5, 0]);
  });

  it("ends a hold once where commit and release race", async () => {
    const { variants: [a] } = await stocked(20);
    for (let i = 0; i < 10; i++) {
      const order = newId();
      await reserve(order, [a, 1]);
      await Promise.allSettled([commit(order), release(order)]);
    }
    const [on_hand, reserved] = await stockOf(a);
    expect(reserved).toBe(0);
    expect(on_hand).toBeGreaterThanOrEqual(10);
    expect(await broken()).toEqual([]);
  });

  it("moves stock by hand, never below what is reserved", async () => {
    const { variants: [a] } = await stocked(10);
    await reserve(newId(), [a, 4]);
    expect(await adjust(a, -6)).toMatchObject({ on_hand: 4, reserved: 4, available: 0 });
    const { code, members } = await refusal(adjust(a, -1));
    expect({ code, members }).toEqual({ code: "below_reserved", members: { on_hand: 4, reserved: 4, available: 0 } });
    expect((await refusal(adjust(a, 1_000_000_000))).code).toBe("invalid_stock");
    expect((await refusal(adjust(a, 0))).code).toBe("invalid_delta");
    expect((await refusal(adjust(newId(), 1))).code).toBe("variant_not_found");
  });

  it("keeps the product's in_stock true to two variants that sell out at once", async () => {
    for (let round = 0; round < 10; round++) {
      const { id, variants: [a, b = ""] } = await stocked(1, 1);
      await Promise.all([reserve(newId(), [a, 1]), reserve(newId(), [b, 1])]);
      const { rows } = await service.owner.query("select in_stock from product.products where id = $1", [id]);
      expect(rows).toEqual([{ in_stock: false }]);
    }
  });

  it("tells merchants once when stock falls to 5", async () => {
    const { id, variants: [a] } = await stocked(8);
    const order = newId();
    await reserve(order, [a, 2]);
    await reserve(newId(), [a, 2]);
    await adjust(a, -1);
    const { rows } = await service.owner.query<{ event: { data_json: string } }>(
      `select j.payload as event from product_jobs._private_jobs j where j.payload ->> 'type' = 'stock.low'`,
    );
    const events = rows.map(({ event }) => JSON.parse(event.data_json)).filter((data) => data.product_id === id);
    expect(events).toEqual([{ product_id: id, variant_id: a, sku: expect.any(String), available: 4 }]);
    const told = async (variant_id: string) =>
      (await service.owner.query(
        "select from product_jobs._private_jobs where payload ->> 'type' = 'stock.low' and payload ->> 'data_json' like $1",
        [`%${variant_id}%`],
      )).rowCount;
    const { variants: [b, c = ""] } = await stocked(50, 50);
    await reserve(newId(), [b, 45]);
    await adjust(c, -45);
    await adjust(c, -1);
    expect([await told(b), await told(c)]).toEqual([1, 1]);
  });

  it("writes movements that nobody can change", async () => {
    await expect(service.pool.query("update stock_movements set delta = 1")).rejects.toThrow("permission denied");
    await expect(service.pool.query("delete from stock_movements")).rejects.toThrow("permission denied");
  });

  it("takes orders' steps from services only", async () => {
    const order_id = newId();
    for (const call of [service.rpc.commitStock, service.rpc.releaseStock]) {
      expect((await refusal(as(admin, () => call({ order_id })))).code).toBe("forbidden");
    }
  });
});

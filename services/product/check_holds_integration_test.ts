import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { newId } from "../shared/ids.ts";
import { createLog } from "../shared/log.ts";
import { checkHolds } from "./check_holds.ts";
import { createRepository } from "./repository.ts";
import { admin, as, product, startProductService, system, variant } from "./testing.ts";

describe("checkHolds()", () => {
  let service: Awaited<ReturnType<typeof startProductService>>;
  const store_id = newId();
  const fates = new Map<string, string>();

  before(async () => {
    service = await startProductService();
  });
  after(() => service?.stop());

  /** Holds 2 of 5 of a new variant for an order that says this of it; `overdue` by more than the hour. */
  async function hold(fate: string, overdue = true): Promise<() => Promise<[on_hand: number, reserved: number]>> {
    const order_id = newId();
    fates.set(order_id, fate);
    const made = await as(
      admin,
      () => service.rpc.createProduct({ store_id, product: product(`Held ${order_id}`, [variant(order_id, 100, 5)]) }),
    );
    const variant_id = made.variants[0]?.id ?? "";
    const expire_time = new Date(Date.now() - (overdue ? 2 : 0) * 3_600_000);
    const lines = [{ variant_id, quantity: 2 }];
    await as(system, () => service.rpc.reserveStock({ order_id, store_id, lines, expire_time }));
    return async () => {
      const { rows: [row] } = await service.owner.query(
        "select on_hand, reserved from product.variants where id = $1",
        [variant_id],
      );
      return [row.on_hand, row.reserved];
    };
  }

  it("ends an overdue hold as its order says, and no other", async () => {
    const released = await hold("release");
    const committed = await hold("commit");
    const kept = await hold("keep");
    const young = await hold("release", false);

    const order = { getHold: ({ order_id }: { order_id: string }) => Promise.resolve({ fate: fates.get(order_id)! }) };
    const log = createLog("product", { LOG_LEVEL: "ERROR" });
    const deps = { pool: service.pool, repository: createRepository(service.pool), neighbours: { order }, log };
    await as(system, () => checkHolds(deps));
    await as(system, () => checkHolds(deps));

    expect(await released()).toEqual([5, 0]);
    expect(await committed()).toEqual([3, 0]);
    for (const left of [kept, young]) expect(await left()).toEqual([5, 2]);
  });
});

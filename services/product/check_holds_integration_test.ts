import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { Order } from "../../proto/gen/nano/order/v1/order.ts";
import { notFound } from "../shared/errors.ts";
import { newId } from "../shared/ids.ts";
import { createLog } from "../shared/log.ts";
import { checkHolds } from "./check_holds.ts";
import { createRepository } from "./repository.ts";
import { admin, as, product, startProductService, system, variant } from "./testing.ts";

describe("checkHolds()", () => {
  let service: Awaited<ReturnType<typeof startProductService>>;
  const store_id = newId();
  const statuses = new Map<string, string>();

  before(async () => {
    service = await startProductService();
  });
  after(() => service?.stop());

  /** Holds 2 of 5 of a new variant for an order of this status; `overdue` by more than the hour. */
  async function hold(
    status: string | undefined,
    overdue = true,
  ): Promise<() => Promise<[on_hand: number, reserved: number]>> {
    const order_id = newId();
    if (status) statuses.set(order_id, status);
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

  it("ends an overdue hold as its order's state says, and no other", async () => {
    const cancelled = await hold("cancelled");
    const expired = await hold("expired");
    const refused = await hold(undefined);
    const paid = await hold("paid");
    const shipped = await hold("shipped");
    const pending = await hold("pending_payment");
    const placing = await hold("placing");
    const young = await hold("cancelled", false);

    const order = {
      getOrder: ({ id }: { id: string }) => {
        const status = statuses.get(id);
        return status ? Promise.resolve(Order.fromPartial({ id, status })) : Promise.reject(notFound("order"));
      },
    };
    const log = createLog("product", { LOG_LEVEL: "ERROR" });
    const deps = { pool: service.pool, repository: createRepository(service.pool), order, log };
    await as(system, () => checkHolds(deps));
    await as(system, () => checkHolds(deps));

    for (const freed of [cancelled, expired, refused]) expect(await freed()).toEqual([5, 0]);
    for (const taken of [paid, shipped]) expect(await taken()).toEqual([3, 0]);
    for (const left of [pending, placing, young]) expect(await left()).toEqual([5, 2]);
  });
});

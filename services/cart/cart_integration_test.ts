import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import type { Actor } from "../shared/auth.ts";
import { SYSTEM } from "../shared/context.ts";
import { NanoError } from "../shared/errors.ts";
import { newId, sha256 } from "../shared/ids.ts";
import { createJobs } from "./jobs.ts";
import { createRepository } from "./repository.ts";
import { as, type CartHouse, changedMeanwhile, guestOf, OTHER_STORE, someone, startCarts, STORE } from "./testing.ts";

let house: CartHouse;

before(async () => {
  house = await startCarts(undefined);
});
after(() => house?.close());

const add = (actor: Actor | undefined, variant_id: string, quantity = 1, store_id = STORE) =>
  as(actor, () => house.cart.addItem({ store_id, variant_id, quantity }));
const get = (actor: Actor | undefined, store_id = STORE) => as(actor, () => house.cart.getCart({ store_id }));
const quantities = async (actor: Actor, store_id = STORE) =>
  (await get(actor, store_id)).items.map((item) => item.quantity);

/** The refusal of a call. */
async function refused(work: Promise<unknown>): Promise<NanoError> {
  const error = await work.then(() => undefined, (error) => error);
  if (!(error instanceof NanoError)) throw new Error(`not refused: ${error}`);
  return error;
}
const refusal = async (work: Promise<unknown>) => (({ kind, code }) => `${kind} ${code}`)(await refused(work));

describe("AddItem", () => {
  it("makes a guest of a stranger and gives the token once", async () => {
    const { variant_id } = house.neighbours.sell({ amount: 1999 });
    const cart = await add(undefined, variant_id, 2);
    expect(cart.token).toMatch(/^[\w-]{43}$/);
    const guest = await guestOf(cart.token ?? "");
    const more = await add(guest, variant_id, 1);
    expect([more.token, more.id, more.items.map((item) => item.quantity)]).toEqual([undefined, cart.id, [3]]);
    expect([more.subtotal?.amount, more.tax?.amount, more.total?.amount, more.item_count]).toEqual([
      5997,
      600,
      6597,
      3,
    ]);
    expect(more.version).toBeGreaterThan(cart.version);
  });

  it("stores no token, only its hash", async () => {
    const { token } = await add(undefined, house.neighbours.sell().variant_id);
    const { rows } = await house.database.owner.query("select token_hash from cart.guests where token_hash = $1", [
      await sha256(token ?? ""),
    ]);
    expect(rows.length).toBe(1);
    expect(JSON.stringify((await house.database.owner.query("select * from cart.guests")).rows)).not.toContain(token);
  });

  it("makes another guest where the token is unknown or has ended", async () => {
    const { variant_id } = house.neighbours.sell();
    expect((await add(await guestOf("made up"), variant_id)).token).toBeDefined();
    const first = await add(undefined, variant_id);
    const guest = await guestOf(first.token ?? "");
    await house.database.owner.query("update cart.guests set expire_time = now() where token_hash = $1", [
      guest.guest_hash,
    ]);
    expect((await get(guest)).items).toEqual([]);
    const second = await add(guest, variant_id);
    expect([second.token === undefined, second.id === first.id]).toEqual([false, false]);
  });

  it("adds up 20 adds of one variant at once, of a user without a cart", async () => {
    const user = someone();
    const { variant_id } = house.neighbours.sell({ available: 500 });
    await Promise.all(Array.from({ length: 20 }, (_, at) => add(user, variant_id, 1 + at % 3)));
    expect(await quantities(user)).toEqual([39]);
    const { rows } = await house.database.owner.query("select id from cart.carts where user_id = $1", [user.user_id]);
    expect(rows.length).toBe(1);
  });

  it("never goes over the stock, also not of 20 adds at once", async () => {
    const user = someone();
    const { variant_id, sku } = house.neighbours.sell({ available: 7 });
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => add(user, variant_id)));
    expect(all.filter((one) => one.status === "fulfilled").length).toBe(7);
    expect(await quantities(user)).toEqual([7]);
    const error = await refused(add(user, variant_id, 2));
    expect([error.kind, error.code]).toEqual(["conflict", "out_of_stock"]);
    expect(error.extras.members).toEqual({ items: [{ variant_id, sku, requested: 9, available: 7 }] });
  });

  it("adds to what another made of the cart meanwhile", async () => {
    const user = someone();
    const { variant_id } = house.neighbours.sell();
    const { id } = await add(user, variant_id, 2);
    const change = `update cart_items set quantity = 7 where cart_id = '${id}'`;
    const cart = await changedMeanwhile(house, id, change, () => add(user, variant_id, 3));
    expect([cart.version, cart.items.map((item) => item.quantity)]).toEqual([3, [10]]);
    expect(await get(user)).toMatchObject({ version: 3, item_count: 10 });
  });

  it("changes nothing where it is refused", async () => {
    const user = someone();
    const { variant_id } = house.neighbours.sell({ available: 5 });
    const { id } = await add(user, variant_id, 3);
    const before = await get(user);
    expect(await refusal(add(user, variant_id, 3))).toBe("conflict out_of_stock");
    expect(await get(user)).toEqual(before);
    const change = `update cart_items set quantity = 4 where cart_id = '${id}'`;
    const error = await refused(changedMeanwhile(house, id, change, () => add(user, variant_id, 2)));
    expect(error.extras.members).toMatchObject({ items: [{ requested: 6, available: 5 }] });
    expect(await get(user)).toMatchObject({ version: before.version + 1, item_count: 4 });
  });

  it("takes a simple product by its own id, and of one with a choice wants the variant", async () => {
    const user = someone();
    const simple = house.neighbours.sell();
    const cart = await as(
      user,
      () => house.cart.addItem({ store_id: STORE, product_id: simple.product_id, quantity: 1 }),
    );
    expect(cart.items.map((item) => item.variant_id)).toEqual([simple.variant_id]);
    const one = house.neighbours.sell();
    house.neighbours.sell({ product_id: one.product_id });
    await add(user, one.variant_id);
    const choice = as(user, () => house.cart.addItem({ store_id: STORE, product_id: one.product_id, quantity: 1 }));
    expect(await refusal(choice)).toBe("invalid variant_required");
    expect(await refusal(as(user, () => house.cart.addItem({ store_id: STORE, quantity: 1 })))).toBe(
      "invalid variant_required",
    );
  });

  it("refuses what is not for sale, is no id, or is no quantity", async () => {
    const user = someone();
    const { variant_id } = house.neighbours.sell({ available: 5000 });
    expect(await refusal(add(user, newId()))).toBe("not_found variant_not_found");
    expect(await refusal(add(user, "'; drop table carts --"))).toBe("not_found variant_not_found");
    expect(await refusal(add(user, variant_id, 0))).toBe("invalid invalid_quantity");
    await add(user, variant_id, 999);
    expect(await refusal(add(user, variant_id, 1))).toBe("invalid invalid_quantity");
    expect(await quantities(user)).toEqual([999]);
    expect(await refusal(add(user, variant_id, 1, newId()))).toBe("not_found store_not_found");
  });

  it("holds 100 lines and not one more", async () => {
    const user = someone();
    const offers = Array.from({ length: 101 }, () => house.neighbours.sell());
    for (const { variant_id } of offers.slice(0, 100)) await add(user, variant_id);
    expect(await refusal(add(user, offers[100]?.variant_id ?? ""))).toBe("conflict cart_full");
    const { items } = await add(user, offers[0]?.variant_id ?? "");
    expect(items.map((item) => item.variant_id)).toEqual(offers.slice(0, 100).map((offer) => offer.variant_id));
  });

  it("keeps stores and principals apart", async () => {
    const [one, other] = [someone(), someone()];
    const yen = house.neighbours.sell({ store_id: OTHER_STORE, amount: 1100 });
    const cart = await add(one, yen.variant_id, 1, OTHER_STORE);
    expect([cart.currency, cart.tax?.amount, cart.total?.amount]).toEqual(["JPY", 100, 1100]);
    expect([await quantities(one), await quantities(other, OTHER_STORE)]).toEqual([[], []]);
  });
});

describe("SetItem, RemoveItem and ClearCart", () => {
  it("set, remove and clear", async () => {
    const user = someone();
    const [tea, cup] = [house.neighbours.sell({ available: 9 }), house.neighbours.sell()];
    await add(user, tea.variant_id);
    const { items } = await add(user, cup.variant_id);
    const item_id = items[0]?.id ?? "";
    const set = (quantity: number) => as(user, () => house.cart.setItem({ store_id: STORE, item_id, quantity }));
    expect((await set(9)).items.map((item) => item.quantity)).toEqual([9, 1]);
    expect(await refusal(set(10))).toBe("conflict out_of_stock");
    expect(await refusal(set(1000))).toBe("invalid invalid_quantity");
    const left = await as(user, () => house.cart.removeItem({ store_id: STORE, item_id }));
    expect(left.items.map((item) => [item.variant_id, item.available])).toEqual([[cup.variant_id, 100]]);
    await as(user, () => house.cart.clearCart({ store_id: STORE }));
    expect(await quantities(user)).toEqual([]);
  });

  it("find no item of someone else's, and none by what is no id", async () => {
    const { items } = await add(someone(), house.neighbours.sell().variant_id);
    const user = someone();
    await add(user, house.neighbours.sell().variant_id);
    for (const item_id of [items[0]?.id ?? "", newId(), "x"]) {
      for (const actor of [user, undefined]) {
        const set = as(actor, () => house.cart.setItem({ store_id: STORE, item_id, quantity: 2 }));
        expect(await refusal(set)).toBe("not_found item_not_found");
        expect(await refusal(as(actor, () => house.cart.removeItem({ store_id: STORE, item_id })))).toBe(
          "not_found item_not_found",
        );
      }
    }
  });

  it("clear no cart without complaint", async () => {
    await as(someone(), () => house.cart.clearCart({ store_id: STORE }));
    await as(undefined, () => house.cart.clearCart({ store_id: STORE }));
  });
});

describe("GetCart", () => {
  it("is empty for a stranger", async () => {
    expect(await get(undefined)).toMatchObject({ id: "", items: [], currency: "USD", item_count: 0 });
  });

  it("still lists what is no longer for sale, at its last price", async () => {
    const user = someone();
    const offer = house.neighbours.sell({ amount: 300 });
    await add(user, offer.variant_id, 2);
    house.neighbours.offers.delete(offer.variant_id);
    const cart = await get(user);
    expect(cart.items).toMatchObject([{
      sku: offer.sku,
      name: offer.name,
      available: 0,
      quantity: 2,
      total: { amount: 600 },
    }]);
    expect(cart.subtotal?.amount).toBe(600);
    const item_id = cart.items[0]?.id ?? "";
    expect(await refusal(as(user, () => house.cart.setItem({ store_id: STORE, item_id, quantity: 1 })))).toBe(
      "conflict out_of_stock",
    );
  });
});

describe("MergeCarts", () => {
  const guestWith = async (variant_id: string, quantity: number) =>
    await guestOf((await add(undefined, variant_id, quantity)).token ?? "");
  const merge = (guest: Actor, user: Actor, actor = user) =>
    as(actor, () => house.cart.mergeCarts({ guest_hash: guest.guest_hash ?? "", user_id: user.user_id ?? "" }));

  it("adds quantities up to the stock, in all stores, once", async () => {
    const user = someone();
    const [tea, cup] = [house.neighbours.sell({ available: 5 }), house.neighbours.sell()];
    const yen = house.neighbours.sell({ store_id: OTHER_STORE });
    const guest = await guestWith(tea.variant_id, 4);
    await add(guest, cup.variant_id, 2);
    await add(guest, yen.variant_id, 3, OTHER_STORE);
    await add(user, tea.variant_id, 3);
    await Promise.all([merge(guest, user), merge(guest, user)]);
    await merge(guest, user);
    expect([await quantities(user), await quantities(user, OTHER_STORE)]).toEqual([[5, 2], [3]]);
    expect([await quantities(guest), await quantities(guest, OTHER_STORE)]).toEqual([[], []]);
  });

  it("caps at 999 and at 100 lines", async () => {
    const user = someone();
    const { variant_id } = house.neighbours.sell({ available: 5000 });
    await add(user, variant_id, 600);
    for (let line = 1; line < 100; line++) await add(user, house.neighbours.sell().variant_id);
    const guest = await guestWith(house.neighbours.sell().variant_id, 1);
    await add(guest, variant_id, 600);
    await merge(guest, user);
    const merged = await quantities(user);
    expect([merged.length, merged[0]]).toEqual([100, 999]);
  });

  it("works without the catalogue", async () => {
    const user = someone();
    const guest = await guestWith(house.neighbours.sell().variant_id, 2);
    house.neighbours.away = true;
    await merge(guest, user).finally(() => house.neighbours.away = false);
    expect(await quantities(user)).toEqual([2]);
  });

  it("is for the user himself and for services", async () => {
    const guest = await guestWith(house.neighbours.sell().variant_id, 2);
    expect(await refusal(merge(guest, someone(), someone()))).toBe("forbidden forbidden");
    const user = someone();
    await merge(guest, user, SYSTEM);
    expect(await quantities(user)).toEqual([2]);
  });
});

describe("the reap job", () => {
  it("forgets guests whose tokens ended, with their carts", async () => {
    const { variant_id } = house.neighbours.sell();
    const [ended, alive] = [await add(undefined, variant_id), await add(undefined, variant_id)];
    const owner = house.database.owner;
    await owner.query("update cart.guests set expire_time = now() where token_hash = $1", [
      await sha256(ended.token ?? ""),
    ]);
    await createJobs({ repository: createRepository(house.database.pool) })["reap_carts"]?.({});
    const { rows } = await owner.query<{ id: string }>("select id from cart.carts where id = any($1)", [[
      ended.id,
      alive.id,
    ]]);
    expect(rows.map((row) => row.id)).toEqual([alive.id]);
  });

  it("forgets carts 90 days after they were ordered, and never a user's open one", async () => {
    const owner = house.database.owner;
    const cartOf = async (days: number, order_id?: string) => {
      const { id } = await add(someone(), house.neighbours.sell().variant_id);
      if (order_id) await as(SYSTEM, () => house.cart.closeCart({ cart_id: id, order_id, lines: [] }));
      await owner.query("update cart.carts set update_time = now() - $2 * interval '1 day' where id = $1", [id, days]);
      return id;
    };
    const [open, late, soon] = [await cartOf(400), await cartOf(91, newId()), await cartOf(89, newId())];
    await createJobs({ repository: createRepository(house.database.pool) })["reap_carts"]?.({});
    const { rows } = await owner.query<{ id: string }>("select id from cart.carts where id = any($1) order by id", [[
      open,
      late,
      soon,
    ]]);
    expect(rows.map((row) => row.id)).toEqual([open, soon]);
  });
});

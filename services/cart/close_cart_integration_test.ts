import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import type { Actor } from "../shared/auth.ts";
import { SYSTEM } from "../shared/context.ts";
import { NanoError } from "../shared/errors.ts";
import { newId } from "../shared/ids.ts";
import { as, type CartHouse, changedMeanwhile, guestOf, someone, startCarts, STORE } from "./testing.ts";

let house: CartHouse;

before(async () => {
  house = await startCarts(undefined);
});
after(() => house?.close());

const add = (actor: Actor | undefined, variant_id: string, quantity = 1) =>
  as(actor, () => house.cart.addItem({ store_id: STORE, variant_id, quantity }));
const get = (actor: Actor) => as(actor, () => house.cart.getCart({ store_id: STORE }));
const quantities = async (actor: Actor) => (await get(actor)).items.map((item) => item.quantity);

/** The refusal of a call. */
async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => undefined, (error) => error);
  if (!(error instanceof NanoError)) throw new Error(`not refused: ${error}`);
  return `${error.kind} ${error.code}`;
}

describe("GetCheckout and CloseCart", () => {
  const checkout = (actor: Actor | undefined) => as(actor, () => house.cart.getCheckout({ store_id: STORE }));
  const close = (
    cart_id: string,
    order_id: string,
    actor: Actor = SYSTEM,
    lines: { variant_id: string; quantity: number; sku?: string | undefined }[] = [],
  ) => as(actor, () => house.cart.closeCart({ cart_id, order_id, lines }));

  it("give an order its lines, and tell afterwards what the cart became", async () => {
    const user = someone();
    expect(await refusal(checkout(user))).toBe("not_found cart_not_found");
    const { variant_id, sku } = house.neighbours.sell();
    const { id } = await add(user, variant_id, 2);
    expect(await checkout(user)).toEqual({
      cart_id: id,
      lines: [{ variant_id, quantity: 2, sku }],
      guest_expire_time: undefined,
    });
    const order_id = newId();
    await close(id, order_id);
    await close(id, order_id);
    expect(await refusal(close(id, newId()))).toBe("conflict cart_ordered");
    expect(await checkout(user)).toEqual({
      cart_id: id,
      lines: [],
      ordered_as: order_id,
      guest_expire_time: undefined,
    });

    const next = await add(user, variant_id, 1);
    expect([next.id === id, next.items.map((item) => item.quantity)]).toEqual([false, [1]]);
    expect((await checkout(user)).cart_id).toBe(next.id);

    const second = newId();
    await close(next.id, second);
    expect((await checkout(user)).ordered_as).toBe(second);
  });

  it("keep what was added while the order was being placed", async () => {
    const user = someone();
    const [tea, cup, pot] = [house.neighbours.sell(), house.neighbours.sell(), house.neighbours.sell()];
    await add(user, tea.variant_id, 2);
    const { id } = await add(user, cup.variant_id, 1);
    const { lines } = await checkout(user);
    await add(user, tea.variant_id, 3);
    await add(user, pot.variant_id, 1);
    const order_id = newId();
    await close(id, order_id, SYSTEM, lines);
    await close(id, order_id, SYSTEM, lines);
    const left = await get(user);
    expect(left.id).not.toBe(id);
    expect(left.items.map((item) => [item.variant_id, item.quantity])).toEqual([[tea.variant_id, 3], [
      pot.variant_id,
      1,
    ]]);
    const { rows } = await house.database.owner.query(
      "select quantity from cart.cart_items where cart_id = $1 order by id",
      [id],
    );
    expect(rows.map((row) => row.quantity)).toEqual([2, 1]);
  });

  it("keep what was being added when the cart was closed", async () => {
    const user = someone();
    const [tea, pot] = [house.neighbours.sell(), house.neighbours.sell()];
    const { id } = await add(user, tea.variant_id, 2);
    const { lines } = await checkout(user);
    const change = `insert into cart_items (id, cart_id, variant_id, product_id, quantity, sku, name, unit_price)
      values ('${newId()}', '${id}', '${pot.variant_id}', '${pot.product_id}', 1, 'POT', 'Pot', 100)`;
    await changedMeanwhile(house, id, change, () => close(id, newId(), user, lines));
    const left = await get(user);
    expect([left.id === id, left.items.map((item) => item.variant_id)]).toEqual([false, [pot.variant_id]]);
  });

  it("let an order take more than is there, and another one nothing", async () => {
    const user = someone();
    const { variant_id } = house.neighbours.sell();
    const { id } = await add(user, variant_id, 2);
    const { lines } = await checkout(user);
    const set = "update cart.cart_items set quantity = 1 where cart_id = $1";
    await house.database.owner.query(set, [id]);
    const order_id = newId();
    await close(id, order_id, user, lines);
    await close(id, order_id, SYSTEM, lines);
    expect(await quantities(user)).toEqual([]);
    expect(await refusal(close(id, newId(), user, lines))).toBe("conflict cart_ordered");
    const other = await add(user, variant_id, 1);
    expect(await refusal(close(other.id, order_id, user, lines))).toBe("conflict cart_ordered");
    expect(await quantities(user)).toEqual([1]);
  });

  it("find no cart that was erased since its checkout", async () => {
    const user = someone();
    const { id } = await add(user, house.neighbours.sell().variant_id);
    const { lines } = await checkout(user);
    await house.database.owner.query("delete from cart.carts where id = $1", [id]);
    expect(await refusal(close(id, newId(), user, lines))).toBe("not_found cart_not_found");
  });

  it("lose no add that was acknowledged, whenever it came", async () => {
    for (let round = 0; round < 5; round++) {
      const user = someone();
      const { variant_id } = house.neighbours.sell();
      const { id } = await add(user, variant_id);
      const { lines } = await checkout(user);
      const adds = Array.from({ length: 6 }, () => add(user, variant_id));
      await Promise.all([...adds, close(id, newId(), SYSTEM, lines)]);
      expect(await quantities(user)).toEqual([6]);
    }
  });

  it("say when a guest's token ends", async () => {
    const cart = await add(undefined, house.neighbours.sell().variant_id);
    const { guest_expire_time } = await checkout(await guestOf(cart.token ?? ""));
    expect((guest_expire_time?.getTime() ?? 0) / 86_400_000 - Date.now() / 86_400_000).toBeCloseTo(90, 1);
  });

  it("have no cart for strangers, nor anyone else's", async () => {
    const { id } = await add(someone(), house.neighbours.sell().variant_id);
    expect(await refusal(checkout(undefined))).toBe("not_found cart_not_found");
    expect(await refusal(close(id, newId(), someone()))).toBe("not_found cart_not_found");
    expect(await refusal(close("x", newId()))).toBe("not_found cart_not_found");
  });

  it("close a cart once, whatever is added at that moment", async () => {
    for (let round = 0; round < 5; round++) {
      const user = someone();
      const { variant_id } = house.neighbours.sell();
      const { id } = await add(user, variant_id);
      const adds = Array.from({ length: 6 }, () => add(user, variant_id));
      const closes = [newId(), newId()].map((order_id) => close(id, order_id));
      expect((await Promise.allSettled(closes)).filter((one) => one.status === "fulfilled").length).toBe(1);
      await Promise.all(adds);
      const { rows } = await house.database.owner.query<{ sum: string; open: string }>(
        `select sum(i.quantity)::text as sum, count(*) filter (where c.state = 'open')::text as open
         from cart.carts c join cart.cart_items i on i.cart_id = c.id where c.user_id = $1`,
        [user.user_id],
      );
      expect(rows[0]?.sum).toBe("7");
      expect(Number(rows[0]?.open)).toBeLessThanOrEqual(1);
    }
  });
});

import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import type { ListOrdersRequest } from "../../proto/gen/nano/order/v1/order.ts";
import type { Actor } from "../shared/auth.ts";
import { newId } from "../shared/ids.ts";
import { type ListFilter, listStatement } from "./order_list.ts";
import {
  ADDRESS,
  as,
  guest,
  type OrderHouse,
  placeOrder,
  refusal,
  someone,
  staff,
  startOrders,
  STORE,
} from "./testing.ts";

let house: OrderHouse;
before(async () => {
  house = await startOrders();
});
after(() => house?.close());

function list(actor: Actor, more: Partial<ListOrdersRequest> = {}) {
  const request = { store_id: STORE, ids: [], from: undefined, to: undefined, limit: 20, count: false, ...more };
  return as(actor, () => house.rpc.listOrders(request));
}

describe("ListOrders", () => {
  it("shows a buyer's own orders in the store, and its staff all of them", async () => {
    const store_id = newId();
    const [ada, bob] = [someone(), await guest()];
    const first = await placeOrder(house, ada, { store_id });
    const second = await placeOrder(house, bob, { store_id });
    await placeOrder(house, ada);
    const ids = async (actor: Actor) => (await list(actor, { store_id })).data.map(({ id }) => id);
    expect(await ids(ada)).toEqual([first.id]);
    expect(await ids(bob)).toEqual([second.id]);
    expect(await ids(staff("support", store_id))).toEqual([second.id, first.id]);
    expect(await ids(staff("manager"))).toEqual([]);
    const only = async (actor: Actor) =>
      (await list(actor, { store_id, ids: [first.id, newId(), "x"] })).data.map(({ id }) => id);
    expect([await only(staff("support", store_id)), await only(bob)]).toEqual([[first.id], []]);
    expect(await ids({ ...ada, guest_hash: bob.guest_hash })).toEqual([second.id, first.id]);
    expect(await refusal(list({ kind: "anonymous", store_roles: [] }, { store_id }))).toEqual({
      code: "unauthenticated",
    });
    const [shown] = (await list(ada, { store_id })).data;
    expect(shown).toEqual(first);
  });

  it("filters by status, buyer, time, number, e-mail address and addressee", async () => {
    const store_id = newId();
    const actor = someone();
    const manager = staff("manager", store_id);
    const one = await placeOrder(house, actor, { store_id, email: "Grace.Hopper@navy.example" });
    const shipping_address = { ...ADDRESS, name: "Margaret 100%_Hamilton" };
    const two = await placeOrder(house, someone(), { store_id, shipping_address });
    await as(manager, () => house.rpc.setOrderStatus({ id: two.id, status: "cancelled" }));
    const ids = async (more: Partial<ListOrdersRequest>) =>
      (await list(manager, { store_id, count: true, ...more })).data.map(({ id }) => id);
    expect(await ids({ status: "cancelled" })).toEqual([two.id]);
    expect(await ids({ user_id: actor.user_id })).toEqual([one.id]);
    expect(await ids({ user_id: "nobody" })).toEqual([]);
    expect(await ids({ q: "hopper@NAVY" })).toEqual([one.id]);
    expect(await ids({ q: "hamilton" })).toEqual([two.id]);
    expect(await ids({ q: "100%_h" })).toEqual([two.id]);
    expect(await ids({ q: "%" })).toEqual([two.id]);
    expect(await ids({ q: `#${one.number}` })).toEqual([one.id]);
    expect(await ids({ q: String(two.number) })).toEqual([two.id]);
    expect(await ids({ from: two.create_time, to: undefined })).toContain(two.id);
    expect(await ids({ from: undefined, to: one.create_time })).toEqual([]);
    expect(await ids({ status: "cancelled", q: "hopper", user_id: actor.user_id })).toEqual([]);
  });

  it("finds a name as it is written, in alphabets of which JavaScript makes other small letters than PostgreSQL", async () => {
    const store_id = newId();
    for (const name of ["\u0130pek Kaya", "\u039d\u0399\u039a\u039f\u03a3 \u03a0\u0391\u03a0\u03a0\u0391\u03a3"]) {
      const { id } = await placeOrder(house, someone(), { store_id, shipping_address: { ...ADDRESS, name } });
      const { data, total } = await list(staff("manager", store_id), { store_id, q: name, count: true });
      expect([data.map((order) => order.id), total]).toEqual([[id], 1]);
    }
  });

  it("turns pages in both directions without gaps or repeats, also where times are equal", async () => {
    const store_id = newId();
    const actor = someone();
    for (let i = 0; i < 7; i++) await placeOrder(house, actor, { store_id });
    await house.database.owner.query(`update "order".orders set create_time = '2026-01-01' where store_id = $1`, [
      store_id,
    ]);
    const all: Record<string, string[]> = {};
    for (const sort of ["create_time", "-create_time"]) {
      const ids: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await list(actor, { store_id, sort, limit: 3, count: true, ...(cursor ? { cursor } : {}) });
        ids.push(...page.data.map(({ id }) => id));
        expect(page.total).toBe(7);
        cursor = page.next_cursor;
      } while (cursor);
      expect(new Set(ids).size).toBe(7);
      all[sort] = ids;
    }
    expect(all["create_time"]).toEqual(all["-create_time"]?.toReversed());
  });

  it("shortens a page of large orders, so that it fits into one answer, and an export of them", async () => {
    const store_id = newId();
    const actor = someone();
    const { id } = await placeOrder(house, actor, { store_id });
    const { owner } = house.database;
    // As many lines as a cart has, with the longest names and SKUs of three bytes a character.
    await owner.query(
      `insert into "order".order_items (id, order_id, position, product_id, variant_id, sku, name, currency, quantity,
         unit_price, tax_rate_bp, tax_included, tax, total)
       select gen_random_uuid(), $1, n, gen_random_uuid(), gen_random_uuid(), repeat('漢', 100), repeat('漢', 402), 'USD', 1,
         0, 0, false, 0, 0 from generate_series(1, 99) n`,
      [id],
    );
    await owner.query(
      `with copies as (
         insert into "order".orders (id, store_id, number, user_id, email, status, currency, subtotal, tax, total,
           shipping_address, expire_time)
         select gen_random_uuid(), store_id, number + n, user_id, email, 'expired', currency, subtotal, tax, total,
           shipping_address, expire_time from "order".orders, generate_series(1, 59) n where id = $1 returning id
       )
       insert into "order".order_items (id, order_id, position, product_id, variant_id, sku, name, currency, quantity,
         unit_price, tax_rate_bp, tax_included, tax, total)
       select gen_random_uuid(), copies.id, position, product_id, variant_id, sku, name, currency, quantity,
         unit_price, tax_rate_bp, tax_included, tax, total from copies, "order".order_items where order_id = $1`,
      [id],
    );
    const seen = new Set<string>();
    for (let cursor: string | undefined, pages = 0; pages === 0 || cursor; pages++) {
      const page = await list(actor, { store_id, limit: 100, ...(cursor ? { cursor } : {}) });
      page.data.forEach((order) => seen.add(order.id));
      cursor = page.next_cursor;
    }
    expect(seen.size).toBe(60);
    const { user_id = "" } = actor;
    const { data_json, next_cursor } = await as(actor, () => house.rpc.exportPerson({ user_id, order_ids: [] }));
    expect(next_cursor).toEqual(expect.any(String));
    expect(JSON.parse(data_json).orders.length).toBeGreaterThan(10);
  });

  it("refuses a cursor or an order that it does not know", async () => {
    const actor = someone();
    for (const cursor of ["x", "W10", btoa('["2026-01-01","no id"]'), btoa('["no time","' + newId() + '"]')]) {
      expect(await refusal(list(actor, { cursor }))).toEqual({ code: "invalid_cursor" });
    }
    expect(await refusal(list(actor, { sort: "total" }))).toEqual({ code: "invalid_sort" });
    expect(await refusal(list(actor, { limit: 0 }))).toEqual({ code: "invalid_limit" });
  });

  it("ends a guest's sight of the orders with the token", async () => {
    const actor = await guest();
    const order = await placeOrder(house, actor);
    await house.database.owner.query(
      `update "order".orders set guest_expire_time = now() - interval '1 s' where id = $1`,
      [order.id],
    );
    expect((await list(actor)).data).toEqual([]);
    expect(await refusal(as(actor, () => house.rpc.getOrder({ id: order.id })))).toEqual({ code: "order_not_found" });
  });
});

describe("with 50,000 orders", () => {
  const store_id = newId();
  const user_id = newId();
  const guest_hash = "f".repeat(64);

  before(async () => {
    const { owner } = house.database;
    await owner.query(
      `insert into "order".orders (id, store_id, number, user_id, guest_hash, guest_expire_time, email, status,
         shipping_address, expire_time, create_time, currency)
       select gen_random_uuid(), case when n % 10 = 0 then gen_random_uuid() else $1 end, 1000 + n,
         case when n % 5000 = 1 then $2 when n % 5000 = 2 then null else gen_random_uuid() end,
         case when n % 5000 = 2 then $3 end, now() + interval '1 day',
         'buyer' || md5(n::text) || '@example.com', case when n % 500 = 3 then 'cancelled' else 'completed' end,
         jsonb_build_object('name', 'Buyer ' || md5((n * 7)::text)), now(),
         now() - n * interval '1 minute', 'USD'
       from generate_series(1, 50000) n`,
      [store_id, user_id, guest_hash],
    );
    await owner.query(`analyze "order".orders`);
  });

  const page: ListFilter = { store_id, ascending: false, limit: 21 };
  const month = new Date(Date.now() - 30 * 24 * 3600_000);
  const cursor = { create_time: month.toISOString(), id: newId() };
  const lists: [string, ListFilter, string][] = [
    ["a store's orders", page, "orders_by_store"],
    ["a later page", { ...page, after: cursor }, "orders_by_store"],
    ["the oldest first", { ...page, ascending: true, after: cursor }, "orders_by_store"],
    ["those of a month", { ...page, from: month, to: new Date() }, "orders_by_store"],
    ["a later page of those before a day", { ...page, to: new Date(), after: cursor }, "orders_by_store"],
    [
      "a later page of those since a day",
      { ...page, ascending: true, from: new Date(0), after: cursor },
      "orders_by_store",
    ],
    ["those of a status", { ...page, status: "cancelled" }, "orders_by_status"],
    ["a user's own", { ...page, owner: { user_id } }, "orders_by_user"],
    ["a guest's own", { ...page, owner: { guest_hash } }, "orders_by_guest"],
    ["those of a buyer", { ...page, user_id }, "orders_by_user"],
  ];
  for (const [what, filter, index] of lists) {
    it(`lists ${what} by an index, reading few rows`, async () => {
      const { text, values } = listStatement(filter);
      const { rows } = await house.database.owner.query<{ "QUERY PLAN": [{ Plan: PlanNode }] }>(
        `explain (analyze, buffers, format json) ${
          text.replaceAll(/\b(from|join) (orders|order_items|order_history|payment_attempts)\b/g, '$1 "order".$2')
        }`,
        values,
      );
      const { Plan } = rows[0]!["QUERY PLAN"][0];
      const nodes = flatten(Plan);
      expect((Plan["Shared Hit Blocks"] ?? 0) + (Plan["Shared Read Blocks"] ?? 0)).toBeLessThan(300);
      const indexes = nodes.map((node) => node["Index Name"]).filter((name) => name?.startsWith("orders"));
      expect(indexes.some((name) => name?.startsWith(index))).toBe(true);
      expect(nodes.some((node) => node["Node Type"] === "Seq Scan" && node["Relation Name"] === "orders")).toBe(false);
      const wasted = nodes.reduce((sum, node) => sum + (node["Rows Removed by Filter"] ?? 0), 0);
      expect(wasted).toBeLessThan(1000);
    });
  }

  const searches: [string, Partial<ListFilter>, found: number][] = [
    ["a part of an e-mail address", { q: "buyerc4ca4238" }, 1],
    ["a part of a name, and of an address", { q: "8f14e45f" }, 2],
    ["a number", { q: "#42001" }, 1],
    ["what nobody has", { q: "nobody at all" }, 0],
    ["a letter that nobody has", { q: "\u00fe" }, 0],
    ["two letters that nobody has", { q: "zz" }, 0],
    ["two letters that all have", { q: "bu" }, 21],
    ["what is no word", { q: "a@b" }, 0],
    ["a number of two figures", { q: "#98" }, 0],
    ["two words, the longer of two letters", { q: "x bu" }, 0],
    ["what all have", { q: "example.com" }, 21],
    ["what all have, with a status that few have", { q: "example.com", status: "cancelled" }, 21],
    ["what all have, with a status that none has", { q: "example.com", status: "refunded" }, 0],
    ["what few have, the oldest first", { q: "buyerc4ca4238", ascending: true }, 1],
  ];
  it("searches by reading a bounded number of pages, whatever is searched and however many have it", async () => {
    for (const [what, filter, found] of searches) {
      const { text, values } = listStatement({ ...page, ...filter });
      const { rows: [row] } = await house.database.pool.query<{ "QUERY PLAN": [{ Plan: PlanNode }] }>(
        `explain (analyze, buffers, format json) ${text}`,
        values,
      );
      const plan = row!["QUERY PLAN"][0].Plan;
      const scanned = flatten(plan).filter((node) => node["Node Type"] === "Seq Scan").map((node) =>
        node["Relation Name"]
      );
      const blocks = (plan["Shared Hit Blocks"] ?? 0) + (plan["Shared Read Blocks"] ?? 0);
      expect({ what, scanned, found: plan["Actual Rows"], few: blocks < 6_000 }).toEqual({
        what,
        scanned: [],
        found,
        few: true,
      });
    }
  });
});

interface PlanNode {
  "Node Type": string;
  "Relation Name"?: string;
  "Index Name"?: string;
  "Rows Removed by Filter"?: number;
  "Actual Rows"?: number;
  "Shared Hit Blocks"?: number;
  "Shared Read Blocks"?: number;
  Plans?: PlanNode[];
}

function flatten(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)];
}

describe("the schema", () => {
  const refused = async (sql: string, values: unknown[] = [], pool = house.database.owner) => {
    try {
      await pool.query(sql, values);
    } catch (error) {
      return (error as { constraint?: string; code: string }).constraint ?? (error as { code: string }).code;
    }
    return undefined;
  };

  it("keeps the history as it was written", async () => {
    const { id } = await placeOrder(house, someone());
    const { pool } = house.database;
    const insufficient = "42501";
    expect(await refused("update order_history set reason = 'x' where order_id = $1", [id], pool)).toBe(insufficient);
    expect(await refused("delete from order_history where order_id = $1", [id], pool)).toBe(insufficient);
    expect(await refused("update order_items set unit_price = 1 where order_id = $1", [id], pool)).toBe(insufficient);
  });

  it("refuses totals that don't add up, and lines that don't sum to them", async () => {
    const { id } = await placeOrder(house, someone());
    const set = (what: string) => `update "order".orders set ${what} where id = $1`;
    expect(await refused(set("total = total + 1"), [id])).toBe("total_adds_up");
    expect(await refused(set("subtotal = subtotal + 1, total = total + 1"), [id])).toBe("lines_add_up");
    expect(await refused(set("tax = tax + 1, total = total + 1"), [id])).toBe("lines_add_up");
    expect(await refused(`update "order".order_items set total = total + 1 where order_id = $1`, [id])).toBe(
      "line_adds_up",
    );
  });

  it("refuses two orders of a cart, a shown order without a number, and more shipped than ordered", async () => {
    const [one, two] = [await placeOrder(house, someone()), await placeOrder(house, someone())];
    const taken =
      `update "order".orders set cart_id = (select cart_id from "order".orders where id = $1) where id = $2`;
    expect(await refused(taken, [one.id, two.id])).toBe("one_order_per_cart");
    expect(await refused(`update "order".orders set number = null where id = $1`, [one.id])).toBe("number_once_open");
    expect(await refused(`update "order".order_items set shipped = 9 where order_id = $1`, [one.id])).toBe(
      "over_shipment",
    );
  });

  it("lets no two payments of an order wait for an answer", async () => {
    const { id } = await placeOrder(house, someone());
    const add = `insert into "order".payment_attempts (order_id, attempt, payment_id, method, amount)
                 values ($1, $2, $3, 'test', 1)`;
    expect(await refused(add, [id, 1, newId()])).toBeUndefined();
    expect(await refused(add, [id, 2, newId()])).toBe("payment_in_progress");
  });

  it("forgets keys a day after their requests were final", async () => {
    const { owner } = house.database;
    await placeOrder(house, someone());
    await owner.query(`update "order".idempotency_keys set done_time = now() - interval '25 hours'`);
    const { id } = await placeOrder(house, someone());
    await house.runJob("reap_keys", {});
    const { rows } = await owner.query<{ resource_id: string }>(`select resource_id from "order".idempotency_keys`);
    expect(rows).toEqual([{ resource_id: id }]);
  });
});

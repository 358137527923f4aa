import { after, afterEach, before, beforeEach, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import type pg from "pg";
import { newId } from "../../services/shared/ids.ts";
import { type TestDatabase, testDatabase } from "../../services/shared/testing.ts";
import { findBroken, noteAcknowledged, prepareCheck } from "./invariants.ts";

const STORE = "01900000-0000-7000-8000-000000000001";
const USER = newId();
const [cart, order, item, payment, product, variant] = Array.from({ length: 6 }, newId) as string[];
const [PRICE, QUANTITY] = [1000, 2];
const TOTAL = PRICE * QUANTITY;

/** A shop in which one order was placed and paid, as the services leave it. */
async function sell(owner: pg.Pool): Promise<void> {
  const paid = {
    id: order,
    total: { amount: TOTAL, currency: "USD" },
    items: [{ variant_id: variant, quantity: QUANTITY }],
  };
  const events: [string, unknown][] = [
    ["order.placed", { id: order }],
    ["order.paid", paid],
    ["payment.captured", { payment: { id: payment, captured_amount: { amount: TOTAL, currency: "USD" } } }],
  ];
  const entry = newId();
  const statements: [string, unknown[]][] = [
    [
      `insert into product.products (id, store_id, slug, name, currency, price) values ($1, $2, 'thing', 'Thing', 'USD', $3)`,
      [product, STORE, PRICE],
    ],
    [
      `insert into product.variants (id, product_id, store_id, sku, price, currency, position, on_hand)
       values ($1, $2, $3, 'T', $4, 'USD', 0, 8)`,
      [variant, product, STORE, PRICE],
    ],
    [`insert into product.stock_movements (variant_id, kind, delta) values ($1, 'initial', 10)`, [variant]],
    [`insert into product.holds (order_id) values ($1)`, [order]],
    [
      `insert into product.reservations (order_id, variant_id, quantity, state, expire_time)
       values ($1, $2, $3, 'committed', now())`,
      [order, variant, QUANTITY],
    ],
    [
      `insert into product.stock_movements (variant_id, kind, delta, reserved_delta, order_id)
       values ($1, 'commit', $2, $2, $3)`,
      [variant, -QUANTITY, order],
    ],
    [
      `insert into cart.carts (id, store_id, user_id, state, order_id) values ($1, $2, $3, 'ordered', $4)`,
      [cart, STORE, USER, order],
    ],
    [
      `with placed as (
         insert into "order".orders (id, store_id, number, cart_id, user_id, email, status, payment_status, currency,
           subtotal, total, shipping_address)
         values ($1, $2, 1001, $3, $4, 'a@example.com', 'paid', 'paid', 'USD', $5, $5, '{}') returning id
       )
       insert into "order".order_items (id, order_id, position, product_id, variant_id, sku, name, currency, quantity,
         unit_price, tax_rate_bp, tax_included, tax, total)
       select $6, id, 0, $7, $8, 'T', 'Thing', 'USD', $9, $10, 0, false, 0, $5 from placed`,
      [order, STORE, cart, USER, TOTAL, item, product, variant, QUANTITY, PRICE],
    ],
    [
      `insert into "order".order_history (order_id, "from", "to", actor) values
         ($1, '', 'pending_payment', 'customer'), ($1, 'pending_payment', 'paid', 'system')`,
      [order],
    ],
    [
      `insert into "order".idempotency_keys (store_id, principal, key, fingerprint, state, answer, resource_id, done_time)
       values ($1, $2, 'k1', 'f', 'done', '', $3, now())`,
      [STORE, `user:${USER}`, order],
    ],
    [
      `insert into "order".payment_attempts (order_id, attempt, payment_id, method, state, amount, captured_amount)
       values ($1, 1, $2, 'test', 'captured', $3, $3)`,
      [order, payment, TOTAL],
    ],
    [
      `insert into payment.payments (id, order_id, store_id, attempt, method, status, currency, amount, captured_amount,
         provider_key, user_id)
       values ($1, $2, $3, 1, 'test', 'captured', 'USD', $4, $4, $5, $6)`,
      [payment, order, STORE, TOTAL, `${order}:authorize:1`, USER],
    ],
    [
      `insert into payment.test_charges (key, status, amount, captured_amount, currency) values ($1, 'captured', $2, $2, 'USD')`,
      [`${order}:authorize:1`, TOTAL],
    ],
    [
      `with entry as (
         insert into payment.ledger_transactions (id, kind, payment_id) values ($1, 'capture', $2) returning id
       )
       insert into payment.ledger_postings (transaction_id, account, amount, currency)
       select id, account, amount, 'USD' from entry,
         (values ('provider:test', $3::bigint), ('store:' || $4, -$3::bigint)) posting (account, amount)`,
      [entry, payment, TOTAL, STORE],
    ],
    [
      `insert into store.daily_stats (store_id, day, orders, revenue) values ($1, current_date, 1, $2)`,
      [STORE, TOTAL],
    ],
    ...events.map(([type, data]): [string, unknown[]] => [
      `insert into store.events (id, store_id, type, time, data) values ($1, $2, $3, now(), $4)`,
      [newId(), STORE, type, JSON.stringify(data)],
    ]),
  ];
  const client = await owner.connect();
  for (const [text, values] of statements) {
    // Triggers name their tables as the services do: by the search path of their schema.
    const schema = /(?:into|update) ("?\w+"?)\./.exec(text)?.[1];
    await client.query(`set search_path = ${schema}, public`);
    await client.query(text, values);
  }
  await client.query("reset search_path");
  client.release();
  await prepareCheck(owner);
  await noteAcknowledged(owner, {
    orders: [{ key: "k1", order_id: order ?? "", principal: `user:${USER}`, paid: true }],
    payments: [{ payment_id: payment ?? "", order_id: order ?? "", outcome: "captured" }],
    cancelled: [],
    refunds: [],
    carts: [{ store_id: STORE, principal: `user:${USER}`, folds: [{}] }],
  });
}

/** What a bug would have left behind, past the constraints that would have stopped it, and the invariant that sees it. */
const BUGS: readonly { bug: string; sql: string; finds: string }[] = [
  {
    bug: "a dropped `on_hand - reserved >= quantity` guard over-reserves",
    sql: `set local search_path = product, public;
          alter table product.variants drop constraint variants_reserved_within_on_hand;
          update product.variants set reserved = reserved + 9`,
    finds: "I1 reserved is between 0 and on hand",
  },
  {
    bug: "a hold that is counted twice",
    sql: `update product.variants set reserved = 2`,
    finds: "I1 reserved is what orders hold",
  },
  {
    bug: "a dropped `where state = 'held'` commits a second time",
    sql: `drop index product.stock_movements_settled;
          update product.variants set on_hand = on_hand - 2;
          insert into product.stock_movements (variant_id, kind, delta, reserved_delta, order_id)
          select variant_id, kind, delta, reserved_delta, order_id from product.stock_movements where kind = 'commit'`,
    finds: "I1 what is sold is what paid orders took",
  },
  {
    bug: "more is sold than there ever was",
    sql: `drop index product.stock_movements_settled;
          insert into product.stock_movements (variant_id, kind, delta, reserved_delta, order_id)
          select variant_id, kind, -20, -20, order_id from product.stock_movements where kind = 'commit'`,
    finds: "I1 no more is sold than was received",
  },
  {
    bug: "stock is moved without a movement",
    sql: `update product.variants set on_hand = on_hand - 1`,
    finds: "I2 on hand is the sum of movements",
  },
  {
    bug: "an unbalanced posting",
    sql: `alter table payment.ledger_postings disable trigger user;
          update payment.ledger_postings set amount = amount + 1 where account like 'store:%'`,
    finds: "I3 ledger transactions sum to zero",
  },
  {
    bug: "a capture that is not in the ledger",
    sql:
      `alter table payment.ledger_postings disable trigger user; alter table payment.ledger_transactions disable trigger user;
          delete from payment.ledger_postings; delete from payment.ledger_transactions`,
    finds: "I3 the ledger says what payments say",
  },
  {
    bug: "a charge under a second key",
    sql: `insert into payment.test_charges (key, status, amount, captured_amount, currency)
          select replace(key, ':1', ':2'), status, amount, captured_amount, currency from payment.test_charges`,
    finds: "I4 the provider's book is the payments, one for one",
  },
  {
    bug: "a refund that only the provider knows",
    sql:
      `insert into payment.test_refunds (key, charge_key, amount) select gen_random_uuid()::text, key, 1 from payment.test_charges`,
    finds: "I4 refunds are in the provider's book, one for one",
  },
  {
    bug: "an order that is paid by two payments",
    sql: `drop index payment.payments_one_per_order;
          insert into payment.payments (id, order_id, store_id, attempt, method, status, currency, amount, captured_amount, provider_key)
          select gen_random_uuid(), order_id, store_id, 2, method, status, currency, amount, captured_amount, 'again' from payment.payments`,
    finds: "I4 no order is charged twice",
  },
  {
    bug: "expiry forgets an order",
    sql: `update "order".orders set status = 'pending_payment', expire_time = now() - interval '1 hour'`,
    finds: "I5 no order is past its deadline and not final",
  },
  {
    bug: "a payment that nobody asks about any more",
    sql: `update "order".payment_attempts set state = 'unknown', captured_amount = 0`,
    finds: "I5 nothing is left half-done",
  },
  {
    bug: "a skipped release",
    sql: `update product.reservations set state = 'held'; update "order".orders set status = 'expired'`,
    finds: "I5 orders that ended hold no stock",
  },
  {
    bug: "a skipped commit",
    sql: `update product.reservations set state = 'held'`,
    finds: "I5 paid orders have their goods, off the shelf",
  },
  {
    bug: "a skipped return of a cancelled order's goods",
    sql: `update "order".orders set status = 'cancelled'`,
    finds: "I5 orders that ended unpaid took no goods",
  },
  {
    bug: "a skipped void",
    sql: `update "order".orders set status = 'cancelled';
          update payment.payments set status = 'authorized', captured_amount = 0`,
    finds: "I5 orders that ended hold no money",
  },
  {
    bug: "an order that is said to be paid, by nothing",
    sql: `update payment.payments set status = 'declined', captured_amount = 0, failure_code = 'x'`,
    finds: "I5 paid orders have a payment and payments an order",
  },
  {
    bug: "a refund of which the order never heard",
    sql: `update payment.payments set status = 'refunded', refunded_amount = captured_amount`,
    finds: "I5 order and payment tell the same of each payment",
  },
  {
    bug: "an order that was acknowledged and lost",
    sql: `insert into "check".orders (key, order_id, principal) values ('k2', gen_random_uuid(), 'guest:x')`,
    finds: "I6 each acknowledged order exists",
  },
  {
    bug: "a key that made two orders",
    sql:
      `insert into "check".orders (key, order_id, principal) select key, gen_random_uuid(), principal from "check".orders`,
    finds: "I6 a key makes one order, a cart makes one order",
  },
  {
    bug: "a cancellation that was acknowledged and did not happen",
    sql: `insert into "check".cancelled select order_id from "check".orders`,
    finds: "I6 each acknowledged payment, cancellation and refund is so",
  },
  {
    bug: "a lost cart",
    sql: `update "check".carts set folds = '[{"${variant}": 1}]'`,
    finds: "I7 carts are the fold of acknowledged operations",
  },
  {
    bug: "a cart that was ordered and stays open",
    sql: `update cart.carts set state = 'open', order_id = null`,
    finds: "I7 a cart is closed by the order that it became",
  },
  {
    bug: "a job that gave up",
    sql: `select order_jobs.add_job('commit_stock', max_attempts => 1);
          update order_jobs._private_jobs set attempts = max_attempts, last_error = 'no'`,
    finds: "I8 no job gave up",
  },
  {
    bug: "a doubled event",
    sql: `insert into store.events (id, store_id, type, time, data)
          select gen_random_uuid(), store_id, type, time, data from store.events where type = 'order.paid'`,
    finds: "I8 each change of an order is told once",
  },
  {
    bug: "an event that was never emitted",
    sql: `delete from store.events where type = 'payment.captured'`,
    finds: "I8 each capture and refund is told once",
  },
  {
    bug: "a doubled job counts an order twice",
    sql: `update store.daily_stats set orders = orders + 1`,
    finds: "I8 each event counts once in the figures",
  },
  {
    bug: "lines that do not sum to the total",
    sql: `alter table "order".orders disable trigger user; alter table "order".order_items drop constraint line_adds_up;
          update "order".order_items set unit_price = unit_price - 1`,
    finds: "I9 lines sum to totals",
  },
  {
    bug: "a payment of another amount",
    sql: `update payment.payments set amount = amount + 5`,
    finds: "I9 an order is paid what it costs",
  },
  {
    bug: "a payment in another store",
    sql: `update payment.payments set store_id = gen_random_uuid()`,
    finds: "I10 one store across every reference",
  },
];

describe("the invariants", () => {
  let database: TestDatabase;
  before(async () => {
    database = await testDatabase("order");
    await sell(database.owner);
  });
  after(() => database.drop());

  it("find nothing in a shop that is as it should be", async () => {
    expect(await findBroken(database.owner)).toEqual([]);
  });

  describe("with a bug planted", () => {
    let client: pg.PoolClient;
    beforeEach(async () => {
      client = await database.owner.connect();
      await client.query("begin");
    });
    afterEach(async () => {
      await client.query("rollback");
      client.release();
    });

    for (const { bug, sql, finds } of BUGS) {
      it(`find ${bug}`, async () => {
        await client.query(sql);
        const broken = await findBroken(client as unknown as pg.Pool);
        expect(broken.map(({ name }) => name)).toContain(finds);
      });
    }
  });
});

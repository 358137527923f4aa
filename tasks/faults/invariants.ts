import type pg from "pg";
import { REPLACED } from "./time.ts";
import { JOB_SCHEMAS } from "./world.ts";
import type { Acknowledged } from "./shopper.ts";

/** A rule over all schemas: a query of whatever breaks it, which must find nothing once the shop is quiet. */
export interface Invariant {
  /** The promise it belongs to, I1 (stock) to I10 (one store across every reference), and which part of it. */
  readonly name: string;
  readonly sql: string;
}

/** The states of an order that was paid and not undone. */
const GOOD = "('paid', 'processing', 'shipped', 'delivered', 'completed')";

const jobs = JOB_SCHEMAS.map((schema) =>
  `select '${schema}' as service, t.identifier, j.attempts, j.last_error
   from ${schema}._private_jobs j join ${schema}._private_tasks t on t.id = j.task_id
   where j.attempts >= j.max_attempts and j.locked_at is null and not (${REPLACED})`
).join(" union all ");

/** All invariants. The tables of `check` hold what clients were told. */
const INVARIANTS: readonly Invariant[] = [
  {
    name: "I1 reserved is between 0 and on hand",
    sql: `select id, on_hand, reserved from product.variants where reserved < 0 or reserved > on_hand`,
  },
  {
    name: "I1 reserved is what orders hold",
    sql: `select v.id, v.reserved, coalesce(held.quantity, 0) as held from product.variants v
          left join (select variant_id, sum(quantity) as quantity from product.reservations where state = 'held' group by 1)
            held on held.variant_id = v.id
          where v.reserved <> coalesce(held.quantity, 0)`,
  },
  {
    name: "I1 no more is sold than was received",
    sql: `select m.variant_id, -sum(delta) filter (where kind in ('commit', 'return')) as sold,
            sum(delta) filter (where kind in ('initial', 'adjust')) as received
          from product.stock_movements m group by 1
          having coalesce(-sum(delta) filter (where kind in ('commit', 'return')), 0)
            > coalesce(sum(delta) filter (where kind in ('initial', 'adjust')), 0)`,
  },
  {
    name: "I1 what is sold is what paid orders took",
    sql:
      `select r.variant_id, sum(r.quantity) as committed, -coalesce(max(m.sold), 0) as moved from product.reservations r
          left join (select variant_id, sum(delta) as sold from product.stock_movements where kind = 'commit' group by 1)
            m on m.variant_id = r.variant_id
          where r.state = 'committed' group by 1 having sum(r.quantity) <> -coalesce(max(m.sold), 0)`,
  },
  {
    name: "I2 on hand is the sum of movements",
    sql: `select v.id, v.on_hand, m.sum from product.variants v
          left join (select variant_id, sum(delta) as sum from product.stock_movements group by 1) m on m.variant_id = v.id
          where v.on_hand <> coalesce(m.sum, 0)`,
  },
  {
    name: "I3 ledger transactions sum to zero",
    sql:
      `select transaction_id, currency, sum(amount) from payment.ledger_postings group by 1, 2 having sum(amount) <> 0
          union all
          select t.id, null, null from payment.ledger_transactions t
          where not exists (select from payment.ledger_postings p where p.transaction_id = t.id)`,
  },
  {
    name: "I3 the ledger says what payments say",
    sql: `select p.id, p.captured_amount, p.refunded_amount, l.taken, l.given from payment.payments p
          left join (
            select t.payment_id, sum(g.amount) filter (where t.kind = 'capture') as taken,
              -sum(g.amount) filter (where t.kind = 'refund') as given
            from payment.ledger_transactions t join payment.ledger_postings g on g.transaction_id = t.id
            where g.account like 'provider:%' group by 1
          ) l on l.payment_id = p.id
          where p.captured_amount <> coalesce(l.taken, 0) or p.refunded_amount <> coalesce(l.given, 0)`,
  },
  {
    name: "I4 the provider's book is the payments, one for one",
    sql:
      `select coalesce(c.key, p.provider_key) as key, c.status, c.captured_amount, c.refunded_amount, p.status as ours,
            p.captured_amount as our_captured, p.refunded_amount as our_refunded
          from (select * from payment.test_charges where status in ('captured', 'authorized')) c
          full join (select * from payment.payments where method = 'test' and status in
            ('captured', 'partially_refunded', 'refunded', 'authorized')) p on p.provider_key = c.key
          where c.key is null or p.id is null or c.captured_amount <> p.captured_amount or c.currency <> p.currency
            or c.refunded_amount <> p.refunded_amount or c.amount <> p.amount`,
  },
  {
    name: "I4 refunds are in the provider's book, one for one",
    sql: `select coalesce(b.key, r.id::text) as key, b.amount, r.amount as ours
          from payment.test_refunds b
          full join (select r.* from payment.refunds r join payment.payments p on p.id = r.payment_id
            where p.method = 'test' and r.status = 'succeeded') r on r.id::text = b.key
          where b.key is null or r.id is null or b.amount <> r.amount`,
  },
  {
    name: "I4 no order is charged twice",
    sql:
      `select order_id, count(*) from payment.payments where status in ('authorized', 'captured', 'partially_refunded')
          group by 1 having count(*) > 1`,
  },
  {
    name: "I5 no order is past its deadline and not final",
    sql: `select id, status, expire_time from "order".orders
          where status = 'pending_payment' and expire_time < now() or status = 'placing'`,
  },
  {
    name: "I5 nothing is left half-done",
    sql: `select 'payment' as what, id, status from payment.payments where status in ('pending', 'unknown')
          union all select 'refund', id, status from payment.refunds where status = 'pending'
          union all select 'operation', id, status from payment.payment_operations where status = 'pending'
          union all select 'attempt', payment_id, state from "order".payment_attempts where state in ('pending', 'unknown')
          union all select 'key of order', resource_id, state from "order".idempotency_keys where state = 'in_progress'
          union all select 'key of payment', resource_id, state from payment.idempotency_keys where state = 'in_progress'`,
  },
  {
    name: "I5 orders that ended hold no stock",
    sql: `select r.order_id, r.variant_id, o.status from product.reservations r
          left join "order".orders o on o.id = r.order_id
          where r.state = 'held' and (o.id is null or o.status <> 'pending_payment')`,
  },
  {
    name: "I5 paid orders have their goods, off the shelf",
    sql:
      `select o.id, o.status, i.variant_id, r.state from "order".orders o join "order".order_items i on i.order_id = o.id
          left join product.reservations r on r.order_id = o.id and r.variant_id = i.variant_id
          where o.status in ${GOOD} and (r.state is distinct from 'committed' or r.quantity <> i.quantity)`,
  },
  {
    name: "I5 orders that ended unpaid took no goods",
    sql: `select o.id, o.status, r.variant_id, r.quantity, back.quantity as returned from "order".orders o
          join product.reservations r on r.order_id = o.id and r.state = 'committed'
          left join (select order_id, variant_id, sum(delta) as quantity from product.stock_movements
            where kind = 'return' group by 1, 2) back on back.order_id = o.id and back.variant_id = r.variant_id
          where o.status in ('cancelled', 'expired') and not o.keep_out and coalesce(back.quantity, 0) <> r.quantity`,
  },
  {
    name: "I5 orders that ended hold no money",
    sql: `select o.id, o.status, p.id as payment_id, p.status as payment, p.captured_amount, p.refunded_amount
          from "order".orders o join payment.payments p on p.order_id = o.id
          where o.status in ('cancelled', 'expired')
            and (p.status = 'authorized' or p.captured_amount <> p.refunded_amount)`,
  },
  {
    name: "I5 paid orders have a payment and payments an order",
    sql: `select o.id, o.status, p.id as payment_id, p.status as payment from "order".orders o
          left join payment.payments p on p.order_id = o.id
            and p.status in ('authorized', 'captured', 'partially_refunded', 'refunded')
          where o.status in ${GOOD} and p.id is null and o.total > 0
            or p.status in ('authorized', 'captured', 'partially_refunded') and o.status not in ${GOOD}
          union all
          select p.order_id, null, p.id, p.status from payment.payments p
          where not exists (select from "order".orders o where o.id = p.order_id)
            and p.status in ('authorized', 'captured', 'partially_refunded')`,
  },
  {
    name: "I5 order and payment tell the same of each payment",
    sql: `select p.id, p.status, a.state, a.captured_amount, a.refunded_amount from payment.payments p
          left join "order".payment_attempts a on a.payment_id = p.id
          where a.payment_id is null or a.order_id <> p.order_id or a.captured_amount <> p.captured_amount
            or a.refunded_amount <> p.refunded_amount
            or a.state <> p.status and not (a.state in ('abandoned', 'refused') and p.status in ('declined', 'voided'))`,
  },
  {
    name: "I6 each acknowledged order exists",
    sql: `select a.order_id, a.key from "check".orders a left join "order".orders o on o.id = a.order_id
          where o.id is null or o.number is null or a.principal <> coalesce('user:' || o.user_id, 'guest:' || o.guest_hash)`,
  },
  {
    name: "I6 a key makes one order, a cart makes one order",
    sql:
      `select principal, key, count(distinct order_id) from "check".orders group by 1, 2 having count(distinct order_id) > 1
          union all select null, cart_id::text, count(*) from "order".orders where cart_id is not null group by 2 having count(*) > 1
          union all select null, o.id::text, count(k.resource_id) from "order".orders o
            left join "order".idempotency_keys k on k.resource_id = o.id group by 2 having count(k.resource_id) <> 1`,
  },
  {
    name: "I6 each acknowledged payment, cancellation and refund is so",
    sql:
      `select a.payment_id, a.outcome, p.status from "check".payments a left join payment.payments p on p.id = a.payment_id
          where p.id is null or p.order_id <> a.order_id
            or a.outcome = 'captured' and p.captured_amount = 0 and p.amount > 0
            or a.outcome = 'authorized' and p.status not in ('authorized', 'captured', 'voided', 'partially_refunded', 'refunded')
          union all
          select a.order_id, 'paid', o.payment_status from "check".orders a join "order".orders o on o.id = a.order_id
          where a.paid and o.payment_status in ('unpaid', 'failed')
          union all
          select c.order_id, 'cancelled', o.status from "check".cancelled c left join "order".orders o on o.id = c.order_id
          where o.status is distinct from 'cancelled'
          union all
          select a.refund_id, 'refunded', r.status from "check".refunds a left join payment.refunds r on r.id = a.refund_id
          where r.status is distinct from 'succeeded' or r.amount <> a.amount`,
  },
  {
    name: "I7 carts are the fold of acknowledged operations",
    sql: `select a.principal, a.folds, held.lines from "check".carts a
          left join lateral (
            select coalesce(jsonb_object_agg(i.variant_id, i.quantity), '{}') as lines
            from cart.carts c join cart.cart_items i on i.cart_id = c.id
            where c.state = 'open' and c.store_id = a.store_id
              and coalesce('user:' || c.user_id, 'guest:' || c.guest_hash) = a.principal
          ) held on true
          where not exists (select from jsonb_array_elements(a.folds) fold where fold = held.lines)`,
  },
  {
    name: "I7 a cart is closed by the order that it became",
    sql: `select o.id, o.cart_id, c.state, c.order_id from "order".orders o join cart.carts c on c.id = o.cart_id
          where o.number is not null and c.order_id is distinct from o.id
          union all
          select null, c.id, c.state, c.order_id from cart.carts c left join "order".orders o on o.id = c.order_id
          where c.state = 'ordered' and o.number is null`,
  },
  { name: "I8 no job gave up", sql: jobs },
  {
    name: "I8 each change of an order is told once",
    sql: `select h.order_id, h."to", count(e.id) from "order".order_history h
          left join store.events e on e.data ->> 'id' = h.order_id::text
            and e.type = case h."to" when 'pending_payment' then 'order.placed' else 'order.' || h."to" end
          where h."to" in ('pending_payment', 'paid', 'cancelled', 'expired') and h."from" <> h."to"
          group by 1, 2 having count(e.id) <> 1`,
  },
  {
    name: "I8 each capture and refund is told once",
    sql: `select t.kind, t.payment_id, t.refund_id, count(e.id) from payment.ledger_transactions t
          left join store.events e on e.type = case t.kind when 'capture' then 'payment.captured' else 'payment.refunded' end
            and case e.type when 'payment.captured' then e.data -> 'payment' ->> 'id' else e.data -> 'refund' ->> 'id' end
              = coalesce(t.refund_id, t.payment_id)::text
          group by 1, 2, 3 having count(e.id) <> 1`,
  },
  {
    name: "I8 each event counts once in the figures",
    sql: `with sold as (
            select store_id, sum(orders) as orders, sum(revenue) as revenue from store.daily_stats group by 1
          ), told as (
            select store_id, count(*) filter (where type = 'order.paid') as orders,
              coalesce(sum((data #>> '{payment,captured_amount,amount}')::bigint) filter (where type = 'payment.captured'), 0)
              - coalesce(sum((data -> 'refund' -> 'amount' ->> 'amount')::bigint) filter (where type = 'payment.refunded'), 0)
                as revenue
            from store.events group by 1
          )
          select store_id, sold.orders, told.orders as told, sold.revenue, told.revenue as told_revenue
          from told full join sold using (store_id)
          where coalesce(sold.orders, 0) <> coalesce(told.orders, 0) or coalesce(sold.revenue, 0) <> coalesce(told.revenue, 0)`,
  },
  {
    name: "I9 lines sum to totals",
    sql: `select o.id, o.subtotal, o.tax, o.total from "order".orders o join "order".order_items i on i.order_id = o.id
          where o.number is not null group by o.id
          having sum(i.quantity * i.unit_price) <> o.subtotal or sum(i.tax) <> o.tax
            or o.total <> o.subtotal - o.discount + o.shipping + case when o.tax_included then 0 else o.tax end
            or bool_or(i.tax <> case when i.tax_included
              then round(i.quantity * i.unit_price * i.tax_rate_bp::numeric / (10000 + i.tax_rate_bp))
              else round(i.quantity * i.unit_price * i.tax_rate_bp::numeric / 10000) end)
            or bool_or(i.total <> i.quantity * i.unit_price + case when i.tax_included then 0 else i.tax end)`,
  },
  {
    name: "I9 an order is paid what it costs",
    sql: `select o.id, o.total, p.amount from "order".orders o join payment.payments p on p.order_id = o.id
          where p.amount <> o.total or p.currency <> o.currency or p.captured_amount not in (0, p.amount) and p.capture = 'automatic'`,
  },
  {
    name: "I10 one store across every reference",
    sql:
      `select 'cart' as what, o.id from "order".orders o join cart.carts c on c.id = o.cart_id where c.store_id <> o.store_id
          union all select 'variant', o.id from "order".orders o join "order".order_items i on i.order_id = o.id
            join product.variants v on v.id = i.variant_id
            where v.store_id <> o.store_id or v.currency <> i.currency or v.product_id <> i.product_id
          union all select 'payment', o.id from "order".orders o join payment.payments p on p.order_id = o.id
            where p.store_id <> o.store_id
          union all select 'key', o.id from "order".orders o join "order".idempotency_keys k on k.resource_id = o.id
            where k.store_id <> o.store_id
          union all select 'currency', o.id from "order".orders o join store.stores s on s.id = o.store_id
            where o.number is not null and s.currency <> o.currency
          union all select 'in a cart', c.id from cart.carts c join cart.cart_items i on i.cart_id = c.id
            join product.variants v on v.id = i.variant_id where v.store_id <> c.store_id
          union all select 'event', o.id from "order".orders o join store.events e on e.data ->> 'id' = o.id::text
            where e.store_id <> o.store_id
          union all select 'posting', p.id from payment.payments p join payment.ledger_transactions t on t.payment_id = p.id
            join payment.ledger_postings g on g.transaction_id = t.id
            where g.currency <> p.currency or g.account like 'store:%' and g.account <> 'store:' || p.store_id`,
  },
];

const TABLES = `
  create schema if not exists "check";
  create table if not exists "check".orders (key text not null, order_id uuid not null, principal text not null,
    paid boolean);
  create table if not exists "check".payments (payment_id uuid not null, order_id uuid not null, outcome text not null);
  create table if not exists "check".cancelled (order_id uuid not null);
  create table if not exists "check".refunds (refund_id uuid not null, payment_id uuid not null, amount bigint not null);
  create table if not exists "check".carts (store_id uuid not null, principal text not null, folds jsonb not null);`;

/** Makes the tables for what clients were told. */
export async function prepareCheck(owner: pg.Pool): Promise<void> {
  await owner.query(TABLES);
}

/** Writes down what clients were told. */
export async function noteAcknowledged(owner: pg.Pool, told: Acknowledged): Promise<void> {
  const insert = (table: string, columns: string, rows: unknown[]) =>
    owner.query(
      `insert into "check".${table} select ${columns} from jsonb_populate_recordset(null::"check".${table}, $1)`,
      [JSON.stringify(rows)],
    );
  await insert("orders", "key, order_id, principal, paid", told.orders);
  await insert("payments", "payment_id, order_id, outcome", told.payments);
  await insert("cancelled", "order_id", told.cancelled.map((order_id) => ({ order_id })));
  await insert("refunds", "refund_id, payment_id, amount", told.refunds);
  await insert("carts", "store_id, principal, folds", told.carts);
}

/** A broken invariant, with the first rows that break it. */
export interface Finding {
  name: string;
  rows: unknown[];
}

/** Runs every invariant; gives those that are broken. */
export async function findBroken(owner: pg.Pool): Promise<Finding[]> {
  const broken: Finding[] = [];
  for (const { name, sql } of INVARIANTS) {
    const { rows } = await owner.query(`select * from (${sql}) found limit 5`);
    if (rows.length > 0) broken.push({ name, rows });
  }
  return broken;
}

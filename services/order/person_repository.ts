import { PlaceOrderResponse } from "../../proto/gen/nano/order/v1/order.ts";
import { decodeIdCursor, fitting, toPage } from "../shared/pagination.ts";
import { ERASED, ERASED_EMAIL, erasedAddress, eraseJobs, ordersInProgress } from "../shared/person.ts";
import { type Pool, type Sql, transaction, type Tx } from "../shared/postgres.ts";

const PAGE = 200;
const MAX_OPEN = 100;
const FIRST = "00000000-0000-0000-0000-000000000000";

/** Orders in which nothing more happens; a refund may still follow, and needs no name. */
const FINAL = "('completed', 'cancelled', 'expired', 'refunded')";

/** The orders `o` of a person ($1), and those that a guest made under an e-mail address ($2) that is proven. */
const THEIRS = "(o.user_id = $1 or (o.guest_hash is not null and lower(o.email) = $2))";

/** The statements on all orders of one person. */
export function createPersonRepository(pool: Pool) {
  return {
    /** The numbers of a person's orders that are under way. */
    personOpenOrders: (user_id: string, email: string | undefined): Promise<number[]> =>
      openOrders(pool, user_id, email),

    /** A page of a person's orders, with all that is held of each. */
    async exportPerson(user_id: string, email: string | undefined, cursor: string | undefined) {
      const { rows } = await pool.query<{ id: string; person: unknown }>({
        name: "order.export_person",
        text:
          `select o.id, to_jsonb(o) - '{guest_hash,guest_expire_time,search,keep_out,cart_id}'::text[] || jsonb_build_object(
                 'items', coalesce((select jsonb_agg(to_jsonb(i) - 'order_id' order by i.position)
                   from order_items i where i.order_id = o.id), '[]'),
                 'history', coalesce((select jsonb_agg(jsonb_build_object('from', h."from", 'to', h."to",
                   'reason', h.reason, 'time', h.time) order by h.id) from order_history h where h.order_id = o.id), '[]'),
                 'notes', coalesce((select jsonb_agg(jsonb_build_object('text', n.text, 'time', n.create_time) order by n.id)
                   from order_notes n where n.order_id = o.id), '[]'),
                 'shipments', coalesce((select jsonb_agg(to_jsonb(s) - 'order_id' order by s.id)
                   from shipments s where s.order_id = o.id), '[]')) as person
               from orders o where ${THEIRS} and o.number is not null and o.id > $3 order by o.id limit ${PAGE + 1}`,
        values: [user_id, email ?? null, cursor === undefined ? FIRST : decodeIdCursor(cursor)],
      });
      const fit = fitting(rows, PAGE, ({ person }) => 3 * JSON.stringify(person).length);
      return toPage(rows, fit, ({ id }) => [id]);
    },

    /** Takes a person out of all of the person's orders; gives their ids. Throws `orders_in_progress`. */
    erasePerson: (user_id: string, email: string | undefined): Promise<string[]> =>
      transaction(pool, async (tx) => {
        const { rows } = await tx.query<{ id: string }>({
          name: "order.person_ids",
          text: `select o.id from orders o where ${THEIRS} order by o.id for no key update`,
          values: [user_id, email ?? null],
        });
        const ids = rows.map(({ id }) => id);
        // Once these can't change any more: one that was placed while they were waited for is seen, too.
        const open = await openOrders(tx, user_id, email);
        if (open.length > 0) throw ordersInProgress(open);
        await eraseOrders(tx, ids);
        await eraseAnswers(tx, ids);
        await eraseJobs(tx, "order", ids);
        return ids;
      }),
  };
}

/** The numbers of orders that are under way; one that is being placed has none yet and counts as 0. */
async function openOrders(sql: Sql, user_id: string, email: string | undefined): Promise<number[]> {
  const { rows } = await sql.query<{ number: number }>({
    name: "order.person_open",
    text: `select coalesce(o.number, 0) as number from orders o where ${THEIRS} and o.status not in ${FINAL}
           order by o.number limit ${MAX_OPEN}`,
    values: [user_id, email ?? null],
  });
  return rows.map(({ number }) => number);
}

async function eraseOrders(tx: Tx, ids: string[]): Promise<void> {
  await tx.query({
    name: "order.erase",
    text: `update orders set email = $2, note = null, update_time = now(), version = version + 1,
             shipping_address = $3::jsonb || jsonb_build_object('country', shipping_address ->> 'country'),
             billing_address = case when billing_address is not null
               then $3::jsonb || jsonb_build_object('country', billing_address ->> 'country') end
           where id = any($1::uuid[]) and email <> $2`,
    values: [ids, ERASED_EMAIL, JSON.stringify(erasedAddress(undefined))],
  });
  await tx.query({
    name: "order.erase_shipments",
    text: "update shipments set tracking_number = $2, tracking_url = null where order_id = any($1::uuid[])",
    values: [ids, ERASED],
  });
  await tx.query({ name: "order.erase_texts", text: "select erase_texts($1::uuid[])", values: [ids] });
}

/** An order's answer is kept under its key for a day, so that it is not placed twice: it stays, without the person. */
async function eraseAnswers(tx: Tx, ids: string[]): Promise<void> {
  const { rows } = await tx.query<{ resource_id: string; answer: Uint8Array }>({
    name: "order.person_answers",
    text: "select resource_id, answer from idempotency_keys where resource_id = any($1::uuid[]) and answer is not null",
    values: [ids],
  });
  for (const { resource_id, answer } of rows) {
    const { order, ...rest } = PlaceOrderResponse.decode(answer);
    if (!order || order.email === ERASED_EMAIL) continue;
    const { note: _note, shipping_address, billing_address, ...kept } = order;
    const erased = {
      ...kept,
      email: ERASED_EMAIL,
      shipping_address: erasedAddress(shipping_address?.country),
      ...(billing_address ? { billing_address: erasedAddress(billing_address.country) } : {}),
      history: kept.history.map((step) => ({ ...step, reason: "" })),
    };
    await tx.query({
      name: "order.erase_answer",
      text: "update idempotency_keys set answer = $2 where resource_id = $1",
      values: [resource_id, PlaceOrderResponse.encode({ ...rest, order: erased }).finish()],
    });
  }
}

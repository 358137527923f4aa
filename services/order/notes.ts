import type { Note, OrderServiceServer } from "../../proto/gen/nano/order/v1/order.ts";
import { type Actor, currentActor, require } from "../shared/auth.ts";
import { conflict, invalid, notFound } from "../shared/errors.ts";
import type { Rpcs } from "../shared/grpc.ts";
import { isId, newId } from "../shared/ids.ts";
import type { Permission } from "../shared/permissions.ts";
import type { Pool } from "../shared/postgres.ts";
import { staffName } from "./access.ts";
import type { Deps } from "./deps.ts";
import type { Order } from "./order.ts";

const MAX_TEXT = 2_000;
/** So that all notes of an order fit one answer. */
const MAX_NOTES = 500;

/** The RPCs of staff's notes on orders. */
export function createNoteHandlers({ orders }: Deps): Pick<Rpcs<OrderServiceServer>, "createNote" | "listNotes"> {
  /** The order, for staff of its store: a stranger 401, a customer 403, another store's staff 404. */
  async function staffsOrder(actor: Actor, permission: Permission, id: string): Promise<Order> {
    const order = isId(id) ? await orders.find(id) : undefined;
    require(actor, permission, order?.store_id ?? "", "order");
    if (!order || order.status === "placing") throw notFound("order");
    return order;
  }

  return {
    async createNote({ order_id, text }) {
      const actor = currentActor();
      const order = await staffsOrder(actor, "order:note", order_id);
      if (text.length < 1 || text.length > MAX_TEXT) {
        throw invalid("invalid_field", "A note has 1 to 2,000 characters.", "/text");
      }
      const by = staffName(actor);
      const note = await orders.insertNote({ id: newId(), order_id: order.id, actor: by, text }, MAX_NOTES);
      if (!note) throw conflict("too_many_notes", `An order has at most ${MAX_NOTES} notes.`);
      return note;
    },

    async listNotes({ order_id }) {
      const order = await staffsOrder(currentActor(), "order:read", order_id);
      return { data: await orders.listNotes(order.id) };
    },
  };
}

/** The statements on notes, and on the counts of orders. */
export function createNoteRows(pool: Pool) {
  return {
    /** Writes a note; undefined where there are too many. */
    async insertNote(note: Omit<Note, "create_time">, at_most: number): Promise<Note | undefined> {
      const { rows: [row] } = await pool.query<Note & { create_time: Date }>({
        name: "order.insert_note",
        text: `insert into order_notes (id, order_id, actor, text)
               select $1, $2, $3, $4 where (select count(*) from order_notes where order_id = $2) < $5
               returning id, order_id, actor, text, create_time`,
        values: [note.id, note.order_id, note.actor, note.text, at_most],
      });
      return row;
    },

    async listNotes(order_id: string): Promise<Note[]> {
      const { rows } = await pool.query<Note & { create_time: Date }>({
        name: "order.list_notes",
        text: `select id, order_id, actor, text, create_time from order_notes
               where order_id = $1 order by create_time, id`,
        values: [order_id],
      });
      return rows;
    },

    /** How many orders of a store have which status. */
    async counts(store_id: string): Promise<Record<string, number>> {
      const { rows } = await pool.query<{ status: string; orders: number }>({
        name: "order.counts",
        text: `select status, sum(orders)::bigint as orders from order_counts where store_id = $1
               group by status having sum(orders) <> 0`,
        values: [store_id],
      });
      return Object.fromEntries(rows.map((row) => [row.status, row.orders]));
    },
  };
}

import type { OrderServiceServer } from "../../proto/gen/nano/order/v1/order.ts";
import { type Actor, currentActor, require } from "../shared/auth.ts";
import { conflict, invalid, notFound } from "../shared/errors.ts";
import type { Rpcs } from "../shared/grpc.ts";
import { isId, newId } from "../shared/ids.ts";
import type { Permission } from "../shared/permissions.ts";
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

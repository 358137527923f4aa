import type { IdempotencyKey } from "../../proto/gen/nano/common/v1/common.ts";
import type { OrderServiceServer, PaymentInput } from "../../proto/gen/nano/order/v1/order.ts";
import { type Actor, currentActor, may, require, requireIdentity, requireService } from "../shared/auth.ts";
import { forbidden, invalid, notFound } from "../shared/errors.ts";
import type { Rpcs } from "../shared/grpc.ts";
import { isId } from "../shared/ids.ts";
import { decodeTimeCursor, fitting, pageLimit, toPage } from "../shared/pagination.ts";
import { visible } from "./access.ts";
import { changeStatus } from "./change_status.ts";
import type { Deps } from "./deps.ts";
import { bytesOf, compact, toMessage } from "./messages.ts";
import { fateOfHold, type Order } from "./order.ts";
import { createNoteHandlers } from "./notes.ts";
import { payOrder } from "./pay_order.ts";
import { createPersonHandlers } from "./person.ts";
import { placeOrder } from "./place_order.ts";
import { recordPayment } from "./record_payment.ts";
import { shipOrder } from "./ship_order.ts";

/** How many orders a list can be asked for by id. */
const MAX_IDS = 100;

/** The order service's RPCs. */
export function createHandlers(deps: Deps): Rpcs<OrderServiceServer> {
  const { orders } = deps;

  /** An order that the actor may see. */
  async function orderById(id: string): Promise<Order> {
    return visible(currentActor(), isId(id) ? await orders.find(id) : undefined);
  }

  return {
    placeOrder(request) {
      const actor = buyer();
      const { shipping_address, billing_address } = request;
      if (!shipping_address) throw invalid("invalid_field", "An order needs an address.", "/shipping_address");
      return placeOrder(deps, {
        ...request,
        actor,
        key: keyOf(request.idempotency_key),
        email: emailOf(actor, request.email),
        shipping_address: compact(shipping_address),
        billing_address: billing_address && compact(billing_address),
      });
    },

    payOrder({ order_id, idempotency_key, payment }) {
      const actor = buyer();
      if (!isId(order_id)) throw notFound("order");
      return payOrder(deps, { order_id, actor, key: keyOf(idempotency_key), payment: paymentOf(payment) });
    },

    async getOrder({ id }) {
      return toMessage(await orderById(id));
    },

    async listOrders(request) {
      const { store_id, status, q, user_id, ids, from, to, sort, cursor, count } = request;
      const owner = may(currentActor(), "order:read", store_id) ? undefined : ownerOf(buyer());
      const limit = pageLimit(request.limit);
      const filter = {
        store_id,
        owner,
        status,
        q: q?.trim(),
        user_id,
        ids: ids.length > 0 ? ids.filter(isId).slice(0, MAX_IDS) : undefined,
        from,
        to,
        ascending: ascending(sort),
        after: cursor === undefined ? undefined : decodeTimeCursor(cursor),
        limit: limit + 1,
      };
      if (user_id !== undefined && !isId(user_id)) return { data: [], ...(count ? { total: 0 } : {}) };
      const [found, total] = await Promise.all([orders.list(filter), count ? orders.count(filter) : undefined]);
      const page = toPage(
        found,
        fitting(found, limit, bytesOf),
        ({ create_time, id }) => [create_time.toISOString(), id],
      );
      return { ...page, data: page.data.map(toMessage), ...(total === undefined ? {} : { total }) };
    },

    async setOrderStatus({ id, status, reason = "", restock = true }) {
      if (!isId(id)) throw notFound("order");
      return toMessage(await changeStatus(deps, { order_id: id, actor: currentActor(), status, reason, restock }));
    },

    createShipment({ order_id, ...parcel }) {
      if (!isId(order_id)) throw notFound("order");
      return shipOrder(deps, { order_id, actor: currentActor(), ...parcel });
    },

    async listShipments({ order_id }) {
      const { id } = await orderById(order_id);
      return { data: await orders.listShipments(id) };
    },

    ...createNoteHandlers(deps),
    ...createPersonHandlers(deps),

    async getOrderCounts({ store_id }) {
      require(currentActor(), "order:read", store_id, "store");
      if (!isId(store_id)) throw notFound("store");
      return { orders: await orders.counts(store_id) };
    },

    async getHold({ order_id }) {
      requireService(currentActor());
      return { fate: fateOfHold(isId(order_id) ? await orders.find(order_id) : undefined) };
    },

    async recordPayment({ payment, refund }) {
      requireService(currentActor());
      if (!payment || !isId(payment.order_id)) throw notFound("order");
      await recordPayment(deps, payment, { refund });
      return {};
    },
  };
}

/** Who buys: a user or a guest. */
function buyer(): Actor {
  const actor = currentActor();
  if (actor.user_id || actor.guest_hash || actor.kind === "service") return actor;
  requireIdentity(actor);
  throw forbidden("Only people buy.");
}

function ownerOf({ user_id, guest_hash }: Actor) {
  return { user_id, guest_hash };
}

function keyOf(key: IdempotencyKey | undefined): IdempotencyKey {
  if (!key?.key) throw invalid("idempotency_key_required", "This needs an Idempotency-Key.");
  return { key: key.key, fingerprint: key.fingerprint };
}

function paymentOf(payment: PaymentInput | undefined): PaymentInput {
  if (!payment?.method) throw invalid("invalid_field", "A payment needs a method.", "/method");
  return payment;
}

/** The buyer's e-mail address: the one given, or a user's own. */
function emailOf(actor: Actor, given: string | undefined): string {
  const email = given ?? actor.email;
  if (!email) throw invalid("email_required", "A guest's order needs an e-mail address.", "/email");
  return email;
}

function ascending(sort: string | undefined): boolean {
  if (sort !== undefined && sort !== "create_time" && sort !== "-create_time") {
    throw invalid("invalid_sort", "Orders are sorted by create_time or -create_time.", "/sort");
  }
  return sort === "create_time";
}

import type { OrderServiceServer } from "../../proto/gen/nano/order/v1/order.ts";
import { currentActor, requireService } from "../shared/auth.ts";
import { notFound } from "../shared/errors.ts";
import type { Rpcs } from "../shared/grpc.ts";
import { isId } from "../shared/ids.ts";
import { requirePerson } from "../shared/person.ts";
import type { Deps } from "./deps.ts";

/** The RPCs about all that is held of one person: the orders. Erased, an order keeps its lines, amounts and number. */
export function createPersonHandlers(
  { orders }: Deps,
): Pick<Rpcs<OrderServiceServer>, "listOpenOrders" | "exportPerson" | "erasePerson"> {
  return {
    async listOpenOrders({ user_id, email }) {
      requireService(currentActor());
      if (!isId(user_id)) throw notFound("user");
      return { numbers: await orders.personOpenOrders(user_id, email) };
    },

    async exportPerson({ user_id, email, cursor }) {
      requirePerson(currentActor(), user_id);
      if (!isId(user_id)) throw notFound("user");
      const { data, ...page } = await orders.exportPerson(user_id, email, cursor);
      return { data_json: JSON.stringify({ orders: data.map(({ person }) => person) }), ...page };
    },

    async erasePerson({ user_id, email }) {
      requireService(currentActor());
      if (!isId(user_id)) throw notFound("user");
      return { order_ids: await orders.erasePerson(user_id, email) };
    },
  };
}

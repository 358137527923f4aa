import type { PaymentServiceServer } from "../../proto/gen/nano/payment/v1/payment.ts";
import { currentActor, requireService } from "../shared/auth.ts";
import { notFound } from "../shared/errors.ts";
import type { Rpcs } from "../shared/grpc.ts";
import { isId } from "../shared/ids.ts";
import { requirePerson } from "../shared/person.ts";
import type { Repository } from "./repository.ts";

/** The RPCs about all that is held of one person: payments and refunds. */
export function createPersonHandlers(
  { repository }: { repository: Repository },
): Pick<Rpcs<PaymentServiceServer>, "exportPerson" | "erasePerson"> {
  return {
    async exportPerson({ user_id, order_ids, cursor }) {
      requirePerson(currentActor(), user_id);
      if (!isId(user_id) || !order_ids.every(isId)) throw notFound("user");
      const { data, ...page } = await repository.exportPerson(user_id, order_ids, cursor);
      return { data_json: JSON.stringify({ payments: data.map(({ payment }) => payment) }), ...page };
    },

    async erasePerson({ user_id, order_ids }) {
      requireService(currentActor());
      if (!isId(user_id) || !order_ids.every(isId)) throw notFound("user");
      await repository.erasePerson(user_id, order_ids);
      return { order_ids: [] };
    },
  };
}

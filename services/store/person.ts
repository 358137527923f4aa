import type { StoreServiceServer } from "../../proto/gen/nano/store/v1/store.ts";
import { currentActor, requireService } from "../shared/auth.ts";
import { notFound } from "../shared/errors.ts";
import type { Rpcs } from "../shared/grpc.ts";
import { isId } from "../shared/ids.ts";
import { requirePerson } from "../shared/person.ts";
import type { Deps } from "./deps.ts";

/** The RPCs about all that is held of one person: the events that tell of the person and the person's orders. */
export function createPersonHandlers(
  { repository }: Pick<Deps, "repository">,
): Pick<Rpcs<StoreServiceServer>, "exportPerson" | "erasePerson"> {
  return {
    async exportPerson({ user_id }) {
      requirePerson(currentActor(), user_id);
      if (!isId(user_id)) throw notFound("user");
      return { data_json: JSON.stringify({ events: await repository.exportPerson(user_id) }) };
    },

    async erasePerson({ user_id, order_ids }) {
      requireService(currentActor());
      if (!isId(user_id) || !order_ids.every(isId)) throw notFound("user");
      await repository.erasePerson([user_id, ...order_ids]);
      return { order_ids: [] };
    },
  };
}

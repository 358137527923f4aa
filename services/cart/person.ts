import type { CartServiceServer } from "../../proto/gen/nano/cart/v1/cart.ts";
import { currentActor, requireService } from "../shared/auth.ts";
import { notFound } from "../shared/errors.ts";
import type { Rpcs } from "../shared/grpc.ts";
import { isId } from "../shared/ids.ts";
import { requirePerson } from "../shared/person.ts";
import type { Deps } from "./deps.ts";

/** The RPCs about all that is held of one person: the carts, open and ordered. */
export function createPersonHandlers(
  { repository, cache }: Pick<Deps, "repository" | "cache">,
): Pick<Rpcs<CartServiceServer>, "exportPerson" | "erasePerson"> {
  return {
    async exportPerson({ user_id }) {
      requirePerson(currentActor(), user_id);
      if (!isId(user_id)) throw notFound("user");
      return { data_json: JSON.stringify({ carts: await repository.exportPerson(user_id) }) };
    },

    async erasePerson({ user_id }) {
      requireService(currentActor());
      if (!isId(user_id)) throw notFound("user");
      const stores = await repository.personStores(user_id);
      const carts = stores.map((store_id) => ({ store_id, principal: { kind: "user" as const, id: user_id } }));
      await cache.changing(carts, () => repository.erasePerson(user_id));
      return { order_ids: [] };
    },
  };
}

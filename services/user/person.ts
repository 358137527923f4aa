import type { UserServiceServer } from "../../proto/gen/nano/user/v1/user.ts";
import { currentActor, isAdmin, mayAnywhere, requireIdentity, requireStepUp, userId } from "../shared/auth.ts";
import { forbidden, invalid, notFound } from "../shared/errors.ts";
import type { Rpcs } from "../shared/grpc.ts";
import { isId } from "../shared/ids.ts";
import { requirePerson } from "../shared/person.ts";
import type { Deps } from "./deps.ts";
import { eraseUser } from "./erase_user.ts";
import { noUser } from "./user.ts";

type Names = "exportPerson" | "eraseUser" | "getErasure" | "recordExport";

/** The RPCs about all that is held of one person: to hand it out, and to erase it. */
export function createPersonHandlers(deps: Deps): Pick<Rpcs<UserServiceServer>, Names> {
  const { repository } = deps;

  return {
    async exportPerson({ user_id }) {
      requirePerson(currentActor(), user_id);
      const person = isId(user_id) ? await repository.exportPerson(user_id) : undefined;
      if (!person) throw noUser();
      return { data_json: JSON.stringify(person) };
    },

    async eraseUser({ id, password }) {
      const actor = currentActor();
      userId(actor);
      if (actor.user_id !== id) requireStepUp(actor);
      if (!isId(id)) throw noUser();
      return await eraseUser(deps, actor, id, password);
    },

    async getErasure({ id }) {
      const actor = currentActor();
      userId(actor);
      if (!isAdmin(actor)) throw forbidden();
      const erasure = isId(id) ? await repository.findErasure(id) : undefined;
      if (!erasure) throw notFound("erasure");
      return erasure;
    },

    async recordExport({ kind, user_id, filter_json }) {
      const actor = currentActor();
      requireIdentity(actor);
      if (kind === "audit") {
        if (!mayAnywhere(actor, "audit:read")) throw forbidden();
        await repository.insertExport(kind, undefined, filter_json);
        return {};
      }
      if (kind !== "person" || user_id === undefined) throw invalid("invalid_request", "An export is of something.");
      requirePerson(actor, user_id);
      const known = isId(user_id) ? await repository.findEmail(user_id) : undefined;
      if (!known) throw noUser();
      await repository.insertExport(kind, user_id, filter_json);
      // An address that nobody proved might be somebody else's: what a guest did under it is not handed out.
      return known.verified || actor.user_id !== known.id ? { email: known.email } : {};
    },
  };
}

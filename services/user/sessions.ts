import type { Actor } from "../../proto/gen/nano/common/v1/common.ts";
import { isAdmin, mayAnywhere, storesWith, userId } from "../shared/auth.ts";
import { forbidden, notFound } from "../shared/errors.ts";
import { isId } from "../shared/ids.ts";
import type { Deps } from "./deps.ts";
import { noUser } from "./user.ts";

/**
 * Lists and ends sessions: one's own, anybody's for an admin, and for a manager those of the staff who work for the
 * manager's stores only, for a session reaches as far as its owner's roles do.
 */
export function createSessions({ repository }: Deps) {
  /** Whether the sessions are the actor's own; throws where they are not the actor's to see either. */
  async function owned(actor: Actor, user_id: string): Promise<boolean> {
    if (userId(actor) === user_id) return true;
    if (!mayAnywhere(actor, "user:write")) throw forbidden();
    const user = isId(user_id) ? await repository.findUser(user_id, actor) : undefined;
    if (!user) throw noUser();
    if (isAdmin(actor)) return false;
    const stores = storesWith(actor, "user:write");
    const ownStaff = user.role !== "admin" && user.store_roles.length > 0 &&
      user.store_roles.every((given) => stores.includes(given.store_id));
    if (!ownStaff) throw forbidden("A manager sees and ends the sessions of the own store's staff only.");
    return false;
  }

  return {
    list: async (actor: Actor, request: { user_id: string; limit: number; cursor?: string | undefined }) => {
      await owned(actor, request.user_id);
      return await repository.listSessions(request.user_id, request.limit, request.cursor);
    },

    /** Ends one, or all; of one's own all but the present one. */
    end: async (actor: Actor, user_id: string, id: string | undefined): Promise<string[]> => {
      const own = await owned(actor, user_id);
      const reason = own ? "ended" : "staff";
      if (id === undefined) return await repository.endSessionsOf(user_id, reason, own ? actor.session_id : undefined);
      if (!isId(id) || !await repository.endSessionOf(user_id, id, reason)) throw notFound("session");
      return [id.toLowerCase()];
    },
  };
}

import type { UserServiceServer } from "../../proto/gen/nano/user/v1/user.ts";
import { currentActor, mayAnywhere, require, storesWith, userId } from "../shared/auth.ts";
import { forbidden, notFound } from "../shared/errors.ts";
import type { Rpcs } from "../shared/grpc.ts";
import { isId } from "../shared/ids.ts";
import { pageLimit } from "../shared/pagination.ts";
import { acceptInvitation, findOffer } from "./accept_invitation.ts";
import type { Deps } from "./deps.ts";
import { invite } from "./invite.ts";
import { requestPasswordReset, resetPassword } from "./reset_password.ts";
import { createSessions } from "./sessions.ts";
import { resendVerification, verifyEmail } from "./verify_email.ts";

type Names =
  | "listSessions"
  | "endSessions"
  | "requestPasswordReset"
  | "resetPassword"
  | "verifyEmail"
  | "resendVerification"
  | "createInvitation"
  | "listInvitations"
  | "deleteInvitation"
  | "checkInvitation"
  | "acceptInvitation";

/** The RPCs of sessions, invitations, and links in mails. */
export function createIdentityHandlers(deps: Deps): Pick<Rpcs<UserServiceServer>, Names> {
  const { repository } = deps;
  const sessions = createSessions(deps);

  return {
    listSessions: (request) =>
      sessions.list(currentActor(), { ...request, limit: pageLimit(request.limit), cursor: request.cursor }),

    endSessions: async ({ user_id, id }) => ({ dead_session_ids: await sessions.end(currentActor(), user_id, id) }),

    requestPasswordReset: async (request) => {
      await requestPasswordReset(deps, request);
      return {};
    },

    resetPassword: async (request) => ({ dead_session_ids: await resetPassword(deps, request) }),

    verifyEmail: async ({ token }) => ({ user_id: await verifyEmail(deps, token) }),

    resendVerification: async ({ store_id }) => {
      await resendVerification(deps, userId(currentActor()), store_id || undefined);
      return {};
    },

    createInvitation: (request) => invite(deps, currentActor(), request),

    listInvitations: ({ store_id, limit, cursor }) => {
      const actor = currentActor();
      userId(actor);
      if (!mayAnywhere(actor, "user:read")) throw forbidden();
      if (store_id !== undefined && !isId(store_id)) throw notFound("store");
      if (store_id !== undefined) require(actor, "user:read", store_id, "store");
      const stores = store_id === undefined ? storesWith(actor, "user:read") : [store_id];
      return repository.listInvitations(stores, pageLimit(limit), cursor);
    },

    deleteInvitation: async ({ id }) => {
      const actor = currentActor();
      userId(actor);
      if (!mayAnywhere(actor, "user:write")) throw forbidden();
      const gone = isId(id) && await repository.revokeInvitation(id, storesWith(actor, "user:write"));
      if (!gone) throw notFound("invitation");
      return {};
    },

    checkInvitation: async ({ token }) => {
      const { email, store_id, role, expire_time, user_id } = await findOffer(repository, token);
      return { email, store_id, role, expire_time, has_account: user_id !== null };
    },

    acceptInvitation: (request) => acceptInvitation(deps, currentActor(), request),
  };
}

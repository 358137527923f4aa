import type { UserServiceServer } from "../../proto/gen/nano/user/v1/user.ts";
import { currentActor, mayAnywhere, require, requireIdentity, userId } from "../shared/auth.ts";
import { forbidden, invalid, notFound, unauthenticated } from "../shared/errors.ts";
import type { Rpcs } from "../shared/grpc.ts";
import { isId } from "../shared/ids.ts";
import { pageLimit } from "../shared/pagination.ts";
import { checkAddress, readPatch } from "./address.ts";
import { createApiKeyHandlers } from "./api_key_handlers.ts";
import { createUser } from "./create_user.ts";
import type { Deps } from "./deps.ts";
import { createIdentityHandlers } from "./identity_handlers.ts";
import { logIn } from "./log_in.ts";
import { createPersonHandlers } from "./person.ts";
import { refresh } from "./refresh.ts";
import { register } from "./register.ts";
import { createTwoFactorHandlers } from "./two_factor_handlers.ts";
import { updateUser } from "./update_user.ts";
import { checkStoreRoles, normaliseEmail, normaliseName, noUser, type UserChange, viewOf } from "./user.ts";

const ROLES = ["customer", "admin"];
const LISTED_ROLES = [...ROLES, "support", "manager"];

/** The RPCs of the user service. */
export function createHandlers(deps: Deps): Rpcs<UserServiceServer> {
  const { repository } = deps;

  return {
    register: (request) => register(deps, request),
    login: (request) => logIn(deps, request),
    refresh: ({ refresh_token, client }) => refresh(deps, refresh_token, client),

    logout: async () => {
      const { session_id } = currentActor();
      if (!session_id) throw unauthenticated();
      await repository.endSession(session_id);
      return {};
    },

    checkSession: async ({ session_id }) => {
      const session = isId(session_id) ? await repository.findSession(session_id) : undefined;
      if (!session) throw unauthenticated("invalid_token", "The session has ended.");
      return session;
    },

    linkCustomer: async ({ user_id, store_id }) => {
      const actor = currentActor();
      if (actor.kind !== "service" && actor.user_id !== user_id) throw forbidden();
      if (!isId(store_id)) throw notFound("store");
      if (!isId(user_id) || !await repository.linkCustomer(user_id, store_id)) throw noUser();
      return {};
    },

    getUser: async ({ id }) => {
      const actor = currentActor();
      if (actor.kind !== "service" && actor.user_id !== id && !mayAnywhere(actor, "user:read")) {
        requireIdentity(actor);
        throw forbidden();
      }
      const user = isId(id) ? await repository.findUser(id, actor) : undefined;
      if (!user) throw noUser();
      return viewOf(user, actor);
    },

    listUsers: async (request) => {
      const actor = currentActor();
      requireIdentity(actor);
      if (!mayAnywhere(actor, "user:read")) throw forbidden();
      const { store_id, role } = request;
      if (store_id !== undefined && !isId(store_id)) throw notFound("store");
      if (store_id !== undefined) require(actor, "user:read", store_id, "store");
      if (role !== undefined && !LISTED_ROLES.includes(role)) {
        throw invalid("invalid_role", `The role is one of ${LISTED_ROLES.join(", ")}.`, "/role");
      }
      const page = await repository.listUsers({ ...request, limit: pageLimit(request.limit) }, actor);
      return { ...page, data: page.data.map((user) => viewOf(user, actor)) };
    },

    updateUser: async (request) => {
      const actor = currentActor();
      const { id, email, name, password, current_password, role } = request;
      if (userId(actor) !== id && !mayAnywhere(actor, "user:write")) throw forbidden();
      if (!isId(id)) throw noUser();
      if (role !== undefined && !ROLES.includes(role)) {
        throw invalid("invalid_role", `The role is one of ${ROLES.join(", ")}.`, "/role");
      }
      const change: UserChange = {
        ...(email === undefined ? {} : { email: normaliseEmail(email) }),
        ...(name === undefined ? {} : { name: normaliseName(name) }),
        ...(password === undefined ? {} : { password }),
        ...(role === undefined ? {} : { role: role as "customer" | "admin" }),
        ...(request.has_store_roles ? { store_roles: checkStoreRoles(request.store_roles) } : {}),
      };
      return await updateUser(deps, actor, { id, change, current_password, store_id: request.store_id });
    },

    createUser: async (request) => {
      const actor = currentActor();
      userId(actor);
      if (!mayAnywhere(actor, "user:write")) throw forbidden();
      return await createUser(deps, actor, { ...request, store_roles: checkStoreRoles(request.store_roles) });
    },

    listStaffNames: async ({ store_id, ids }) => {
      require(currentActor(), "order:read", store_id, "store");
      if (!isId(store_id)) throw notFound("store");
      return { data: await repository.listStaffNames(store_id, ids.filter(isId).slice(0, 1_000)) };
    },

    listAudit: (request) => repository.listAudit(request),

    ...createPersonHandlers(deps),

    listAddresses: ({ limit, cursor }) => repository.listAddresses(userId(currentActor()), pageLimit(limit), cursor),

    createAddress: async ({ address }) => await repository.insertAddress(userId(currentActor()), checkAddress(address)),

    updateAddress: async ({ id, patch_json }) => {
      const owner = userId(currentActor());
      const address = isId(id) ? await repository.updateAddress(owner, id, readPatch(patch_json)) : undefined;
      if (!address) throw notFound("address");
      return address;
    },

    ...createApiKeyHandlers(deps),
    ...createTwoFactorHandlers(deps),
    ...createIdentityHandlers(deps),

    deleteAddress: async ({ id }) => {
      const owner = userId(currentActor());
      if (!isId(id) || !await repository.deleteAddress(owner, id)) throw notFound("address");
      return {};
    },
  };
}

import type { UserServiceServer } from "../../proto/gen/nano/user/v1/user.ts";
import { currentActor, require, requireStepUp, userId } from "../shared/auth.ts";
import { notFound, unauthenticated } from "../shared/errors.ts";
import type { Rpcs } from "../shared/grpc.ts";
import { isId, newId } from "../shared/ids.ts";
import { pageLimit } from "../shared/pagination.ts";
import { checkKeyName, checkKind, checkScopes, newKey, noKey } from "./api_key.ts";
import type { Deps } from "./deps.ts";

type ApiKeyRpcs = Pick<Rpcs<UserServiceServer>, "createApiKey" | "listApiKeys" | "revokeApiKey" | "checkApiKey">;

/** The RPCs of API keys. */
export function createApiKeyHandlers({ repository }: Deps): ApiKeyRpcs {
  return {
    createApiKey: async ({ store_id, kind: given, name, scopes }) => {
      const actor = currentActor();
      const creator_id = userId(actor);
      require(actor, "key:write", store_id, "store");
      if (!isId(store_id)) throw notFound("store");
      requireStepUp(actor);
      const kind = checkKind(given);
      const allowed = checkScopes(kind, scopes, actor, store_id);
      const { key, ...kept } = await newKey(kind);
      const api_key = await repository.insertApiKey({
        id: newId(),
        store_id,
        kind,
        name: checkKeyName(name),
        scopes: allowed,
        creator_id,
        ...kept,
      });
      return { api_key, key };
    },

    listApiKeys: async ({ store_id, limit, cursor }) => {
      require(currentActor(), "key:read", store_id, "store");
      if (!isId(store_id)) throw notFound("store");
      return await repository.listApiKeys(store_id, pageLimit(limit), cursor);
    },

    revokeApiKey: async ({ id }) => {
      const store_id = isId(id) ? await repository.findApiKeyStore(id) : undefined;
      require(currentActor(), "key:write", store_id ?? "", "api_key");
      const hash = store_id && await repository.revokeApiKey(id);
      if (!hash) throw noKey();
      return { hash };
    },

    checkApiKey: async ({ hash }) => {
      const key = await repository.useApiKey(hash);
      if (!key) throw unauthenticated("invalid_api_key", "The API key is not valid, or was revoked.");
      return key;
    },
  };
}

import type { ListApiKeysResponse } from "../../proto/gen/nano/user/v1/user.ts";
import { decodeTimeCursor, toPage } from "../shared/pagination.ts";
import { type Pool, transaction } from "../shared/postgres.ts";
import type { ApiKey } from "./api_key.ts";

/** What is stored of a new key. */
export interface NewApiKey {
  id: string;
  store_id: string;
  kind: string;
  name: string;
  scopes: string[];
  hash: string;
  prefix: string;
  last4: string;
  creator_id: string;
}

type ApiKeyRow = { [K in keyof ApiKey]-?: Exclude<ApiKey[K], undefined> | null };

const KEY = "id, store_id, kind, name, scopes, prefix, last4, creator_id, create_time, last_used_time, revoke_time";

/** The table of API keys. */
export function createApiKeyRepository(pool: Pool) {
  return {
    /** Inserts a key. */
    insertApiKey: (key: NewApiKey): Promise<ApiKey> =>
      transaction(pool, async (tx) => {
        const { rows: [row] } = await tx.query<ApiKeyRow>({
          name: "api_key.insert",
          text: `insert into api_keys (id, store_id, kind, name, scopes, hash, prefix, last4, creator_id)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning ${KEY}`,
          values: [
            key.id,
            key.store_id,
            key.kind,
            key.name,
            key.scopes,
            key.hash,
            key.prefix,
            key.last4,
            key.creator_id,
          ],
        });
        if (!row) throw new Error("Cannot make a key as the insert gave no row.");
        return toApiKey(row);
      }),

    /** A page of a store's keys, newest first, the revoked too. */
    listApiKeys: async (store_id: string, limit: number, cursor: string | undefined): Promise<ListApiKeysResponse> => {
      const after = cursor === undefined ? undefined : decodeTimeCursor(cursor);
      const { rows } = await pool.query<ApiKeyRow>({
        name: "api_key.list",
        text: `select ${KEY} from api_keys where store_id = $1
                 and ($2::timestamptz is null or (create_time, id) < ($2, $3::uuid))
               order by create_time desc, id desc limit $4`,
        values: [store_id, after?.create_time ?? null, after?.id ?? null, limit + 1],
      });
      return toPage(rows.map(toApiKey), limit, (key) => [key.create_time?.toISOString() ?? "", key.id]);
    },

    /** The store of a key. */
    findApiKeyStore: async (id: string): Promise<string | undefined> => {
      const { rows: [row] } = await pool.query<{ store_id: string }>({
        name: "api_key.store",
        text: "select store_id from api_keys where id = $1",
        values: [id],
      });
      return row?.store_id;
    },

    /** Revokes a key, once; gives its hash. */
    revokeApiKey: (id: string): Promise<string | undefined> =>
      transaction(pool, async (tx) => {
        const { rows: [row] } = await tx.query<{ hash: string }>({
          name: "api_key.revoke",
          text: "update api_keys set revoke_time = coalesce(revoke_time, now()) where id = $1 returning hash",
          values: [id],
        });
        return row?.hash;
      }),

    /** The live key of a hash; notes, at most once a minute, that it was used. */
    useApiKey: async (hash: string): Promise<ApiKey | undefined> => {
      const { rows: [row] } = await pool.query<ApiKeyRow>({
        name: "api_key.use",
        text: `with used as (
                 update api_keys set last_used_time = now() where hash = $1 and revoke_time is null
                   and (last_used_time is null or last_used_time < now() - interval '1 minute')
               )
               select ${KEY} from api_keys where hash = $1 and revoke_time is null`,
        values: [hash],
      });
      return row && toApiKey(row);
    },
  };
}

function toApiKey({ creator_id, last_used_time, revoke_time, ...row }: ApiKeyRow): ApiKey {
  return {
    ...row as Required<Pick<ApiKeyRow, keyof typeof row>> as ApiKey,
    ...(creator_id === null ? {} : { creator_id }),
    ...(last_used_time === null ? {} : { last_used_time }),
    ...(revoke_time === null ? {} : { revoke_time }),
  };
}

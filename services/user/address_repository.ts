import type { Address } from "../../proto/gen/nano/common/v1/common.ts";
import type { ListAddressesResponse, UserAddress } from "../../proto/gen/nano/user/v1/user.ts";
import { conflict, unauthenticated } from "../shared/errors.ts";
import { newId } from "../shared/ids.ts";
import { decodeTimeCursor, toPage } from "../shared/pagination.ts";
import { type Pool, transaction } from "../shared/postgres.ts";
import { type AddressPatch, MAX_ADDRESSES } from "./address.ts";

type AddressRow = { [K in keyof Address]: Address[K] | null } & { id: string; create_time: Date; update_time: Date };

const FIELDS = ["name", "company", "line1", "line2", "city", "region", "postal_code", "country", "phone"] as const;
const REQUIRED = new Set<string>(["name", "line1", "city", "postal_code", "country"]);
const COLUMNS = ["id", ...FIELDS, "create_time", "update_time"].join(", ");
const SET = FIELDS.map((field) =>
  REQUIRED.has(field)
    ? `${field} = coalesce($3::jsonb->>'${field}', ${field})`
    : `${field} = case when $3::jsonb ? '${field}' then $3::jsonb->>'${field}' else ${field} end`
).join(
  ", ",
);

/** The table of addresses; each is its owner's alone. */
export function createAddressRepository(pool: Pool) {
  return {
    /** A page of a user's addresses, newest first. */
    listAddresses: async (user_id: string, limit: number, cursor?: string): Promise<ListAddressesResponse> => {
      const after = cursor ? decodeTimeCursor(cursor) : undefined;
      const { rows } = await pool.query<AddressRow>({
        text: `select ${COLUMNS} from addresses where user_id = $1 ${
          after ? "and (create_time, id) < ($3::timestamptz, $4::uuid)" : ""
        }
               order by create_time desc, id desc limit $2`,
        values: [user_id, limit + 1, ...(after ? [after.create_time, after.id] : [])],
      });
      return toPage(rows.map(toAddress), limit, (address) => [address.create_time?.toISOString() ?? "", address.id]);
    },

    /** Inserts an address unless the book is full. The user's row is locked, so that many at once count right. */
    insertAddress: (user_id: string, address: Address): Promise<UserAddress> =>
      transaction(pool, async (tx) => {
        const { rowCount } = await tx.query({
          name: "user.lock_owner",
          text: "select from users where id = $1 for no key update",
          values: [user_id],
        });
        if (!rowCount) throw unauthenticated();
        const { rows: [row] } = await tx.query<AddressRow>({
          name: "address.insert",
          text: `insert into addresses (id, user_id, ${FIELDS.join(", ")})
                 select $1, $2, ${FIELDS.map((_, index) => `$${index + 3}`).join(", ")}
                 where (select count(*) from addresses where user_id = $2) < ${MAX_ADDRESSES} returning ${COLUMNS}`,
          values: [newId(), user_id, ...FIELDS.map((field) => address[field] ?? null)],
        });
        if (!row) throw conflict("address_limit", `An address book holds at most ${MAX_ADDRESSES} addresses.`);
        return toAddress(row);
      }),

    /** Changes the given fields of a user's address; null clears one. */
    updateAddress: async (user_id: string, id: string, patch: AddressPatch): Promise<UserAddress | undefined> => {
      const { rows: [row] } = await pool.query<AddressRow>({
        name: "address.update",
        text: `update addresses set ${SET}, update_time = now() where id = $1 and user_id = $2 returning ${COLUMNS}`,
        values: [id, user_id, JSON.stringify(patch)],
      });
      return row && toAddress(row);
    },

    /** Deletes a user's address. Gives whether there was one. */
    deleteAddress: async (user_id: string, id: string): Promise<boolean> => {
      const { rowCount } = await pool.query({
        name: "address.delete",
        text: "delete from addresses where id = $1 and user_id = $2",
        values: [id, user_id],
      });
      return rowCount === 1;
    },
  };
}

function toAddress({ id, create_time, update_time, ...fields }: AddressRow): UserAddress {
  const address = Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null),
  ) as unknown as Address;
  return { id, address, create_time, update_time };
}

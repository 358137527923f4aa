import { invalid } from "../shared/errors.ts";
import { isId } from "../shared/ids.ts";
import { decodeCursor } from "../shared/pagination.ts";
import type { User } from "./user.ts";

/** A user as the database gives it. */
export type UserRow = Omit<User, "name"> & { name: string | null };

/** The columns of a user. */
export const USER = `u.id, u.email, u.name, u.role, u.create_time,
  coalesce((select json_agg(json_build_object('store_id', r.store_id, 'role', r.role) order by r.store_id)
            from store_roles r where r.user_id = u.id), '[]') as store_roles`;

/** Reads a cursor of time and id. Throws `invalid_cursor`. */
export function readCursor(cursor: string): [time: string, id: string] {
  const [time, id] = decodeCursor(cursor, 2);
  const isTime = typeof time === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(time) &&
    !Number.isNaN(Date.parse(time));
  if (isTime && typeof id === "string" && isId(id)) return [time, id];
  throw invalid("invalid_cursor", "The cursor is not one that a list gave.", "/cursor");
}

/** A row as a user. */
export function toUser({ name, ...user }: UserRow): User {
  return name === null ? user : { ...user, name };
}

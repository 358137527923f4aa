import type { User } from "./user.ts";

/** A user as the database gives it. */
export type UserRow = Omit<User, "name"> & { name: string | null };

/** The columns of a user. */
export const USER = `u.id, u.email, u.name, u.role, u.create_time,
  u.email_verified_time is not null as email_verified,
  coalesce((select json_agg(json_build_object('store_id', r.store_id, 'role', r.role) order by r.store_id)
            from store_roles r where r.user_id = u.id), '[]') as store_roles`;

/** A row as a user. */
export function toUser({ name, ...user }: UserRow): User {
  return name === null ? user : { ...user, name };
}

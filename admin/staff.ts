import type { StoreRole, User } from "./types.ts";

export type RoleHere = "" | "support" | "manager";

/** A user's role in a store; "" for none. */
export function roleIn(user: Pick<User, "store_roles">, store_id: string): RoleHere {
  return user.store_roles.find((given) => given.store_id === store_id)?.role ?? "";
}

/** A user's store roles with another one in a store. */
export function withRole(user: Pick<User, "store_roles">, store_id: string, role: RoleHere): StoreRole[] {
  const others = user.store_roles.filter((given) => given.store_id !== store_id);
  return role ? [...others, { store_id, role }] : others;
}

/** What a form's field says; anything unknown is no role. */
export function asRole(text: string | undefined): RoleHere {
  return text === "support" || text === "manager" ? text : "";
}

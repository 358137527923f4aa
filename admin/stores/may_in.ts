import type { Permission } from "../../services/shared/permissions.ts";
import type { Me } from "../types.ts";

/** Whether an operator has a permission in a store, at hand or not. */
export function mayIn({ permissions }: Me, store_id: string, permission: Permission): boolean {
  return (permissions["*"] ?? permissions[store_id] ?? []).includes(permission);
}

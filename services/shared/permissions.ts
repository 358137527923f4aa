/**
 * The permission catalogue: which store roles have which permission in their store. An admin of the platform has all
 * of them everywhere. Gateway checks, the console's menus and API-key scopes all come from this table.
 */
export const PERMISSIONS = {
  "product:read": ["support", "manager"],
  "product:write": ["manager"],
  "stock:write": ["manager"],
  "category:write": ["manager"],
  "order:read": ["support", "manager"],
  "order:write": ["manager"],
  "order:note": ["support", "manager"],
  "payment:read": ["support", "manager"],
  "payment:write": ["manager"],
  "refund:write": ["support", "manager"],
  "user:read": ["manager"],
  "user:write": ["manager"],
  "store:write": ["manager"],
  "stats:read": ["support", "manager"],
  "audit:read": ["manager"],
  "webhook:read": ["manager"],
  "webhook:write": ["manager"],
  "key:read": ["manager"],
  "key:write": ["manager"],
  "privacy:write": [],
  "platform:write": [],
} as const satisfies Record<string, readonly string[]>;

/** The name of a permission. */
export type Permission = keyof typeof PERMISSIONS;

/**
 * What no API key may: give roles, make keys, run the platform. A key that leaks must not make itself a successor that
 * outlives its end. Everything else is a scope that a secret key may have.
 */
const PEOPLE_ONLY: readonly Permission[] = ["user:write", "key:read", "key:write", "privacy:write", "platform:write"];

/** The permissions that a secret API key may have. */
export const KEY_SCOPES = (Object.keys(PERMISSIONS) as Permission[]).filter((name) => !PEOPLE_ONLY.includes(name));

/** What a `support` may refund in one go, in major units of the currency. */
export const SUPPORT_REFUND_LIMIT = 100;

/** The store roles that have a permission. */
export function rolesWith(permission: Permission): readonly string[] {
  return PERMISSIONS[permission];
}

/** The permissions of a user by store; an admin's stand under "*". */
export function permissionsOf(
  user: { role: string; store_roles: { store_id: string; role: string }[] },
): Record<string, Permission[]> {
  const all = Object.keys(PERMISSIONS) as Permission[];
  if (user.role === "admin") return { "*": all };
  return Object.fromEntries(
    user.store_roles.map((
      given,
    ) => [given.store_id, all.filter((permission) => rolesWith(permission).includes(given.role))]),
  );
}

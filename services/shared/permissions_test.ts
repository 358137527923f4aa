import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { KEY_SCOPES, type Permission, PERMISSIONS, permissionsOf, rolesWith } from "./permissions.ts";

const names = Object.keys(PERMISSIONS) as Permission[];

describe("the permission catalogue", () => {
  it("gives support reading, notes and refunds, and nothing else", () => {
    const given = names.filter((name) => rolesWith(name).includes("support"));
    expect(given.filter((name) => !name.endsWith(":read"))).toEqual(["order:note", "refund:write"]);
  });

  it("gives a manager whatever support has", () => {
    for (const name of names.filter((name) => rolesWith(name).includes("support"))) {
      expect(rolesWith(name)).toContain("manager");
    }
  });

  it("gives the platform's settings to no store role", () => expect(rolesWith("platform:write")).toEqual([]));
});

describe("the scopes of API keys", () => {
  it("are all permissions but those to give roles, make keys, and run the platform", () => {
    expect(names.filter((name) => !KEY_SCOPES.includes(name)))
      .toEqual(["user:write", "key:read", "key:write", "privacy:write", "platform:write"]);
  });
});

describe("permissionsOf()", () => {
  it("is everything, everywhere, for an admin", () => {
    expect(permissionsOf({ role: "admin", store_roles: [{ store_id: "a", role: "support" }] })).toEqual({ "*": names });
  });

  it("is by store for staff", () => {
    const permissions = permissionsOf({
      role: "customer",
      store_roles: [{ store_id: "a", role: "manager" }, { store_id: "b", role: "support" }],
    });
    expect(Object.keys(permissions)).toEqual(["a", "b"]);
    expect(permissions["a"]).toContain("product:write");
    expect(permissions["b"]).not.toContain("product:write");
  });

  it("is nothing for a customer, or for a role that does not exist", () => {
    expect(permissionsOf({ role: "customer", store_roles: [] })).toEqual({});
    expect(permissionsOf({ role: "customer", store_roles: [{ store_id: "a", role: "owner" }] })).toEqual({ a: [] });
  });
});

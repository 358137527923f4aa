import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import type { Actor } from "../../proto/gen/nano/common/v1/common.ts";
import { newId } from "../shared/ids.ts";
import {
  checkChange,
  checkPassword,
  checkStoreRoles,
  managedStores,
  normaliseEmail,
  normaliseName,
  normalisePassword,
  type User,
  viewOf,
  visibleStores,
} from "./user.ts";

const [A, B] = [newId(), newId()];
const admin: Actor = { kind: "user", user_id: newId(), role: "admin", store_roles: [] };
const manager: Actor = {
  kind: "user",
  user_id: newId(),
  role: "customer",
  store_roles: [{ store_id: A, role: "manager" }],
};
const support: Actor = {
  kind: "user",
  user_id: newId(),
  role: "customer",
  store_roles: [{ store_id: A, role: "support" }],
};

function person(change: Partial<User> = {}): User {
  return { id: newId(), email: "p@shop.test", role: "customer", store_roles: [], create_time: new Date(), ...change };
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return "none";
}

describe("normaliseEmail()", () => {
  it("trims and folds case", () => expect(normaliseEmail("  Ada.L+x@Shop.TEST ")).toBe("ada.l+x@shop.test"));

  for (
    const email of [
      "",
      "ada",
      "ada@",
      "@shop.test",
      "ada@shop",
      "a b@shop.test",
      "ada@shop..test",
      "ada@-shop.test",
      "\u0430dmin@shop.test", // Cyrillic a
      "\u202eadmin@shop.test", // right-to-left override
      "\uff41da@shop.test", // full-width a
      "ada@sh\u00f6p.test",
      "ada\0@shop.test",
      `${"a".repeat(65)}@shop.test`,
      `a@${"b.".repeat(130)}test`,
    ]
  ) {
    it(`refuses ${JSON.stringify(email).slice(0, 40)}`, () =>
      expect(codeOf(() => normaliseEmail(email))).toBe("invalid_email"));
  }

  it("changes nothing when run again, and gives ASCII only", () => {
    fc.assert(fc.property(fc.emailAddress(), (email) => {
      if (codeOf(() => normaliseEmail(email)) !== "none") return;
      const normal = normaliseEmail(email);
      expect(normaliseEmail(normal)).toBe(normal);
      expect(normal).toMatch(/^[\x21-\x7e]+$/);
    }));
  });
});

describe("normaliseName()", () => {
  it("takes an empty one for none", () => expect(normaliseName("  ")).toBe(null));
  it("counts characters, not UTF-16 units", () => expect(normaliseName("\u{1f600}".repeat(200))).not.toBe(null));
  it("refuses 201 characters", () => expect(codeOf(() => normaliseName("x".repeat(201)))).toBe("invalid_name"));
});

describe("checkPassword()", () => {
  const email = "ada.lovelace@shop.test";
  for (
    const password of [
      "",
      "short7!",
      "password",
      "PassWord1",
      "12345678",
      "aaaaaaaaaa",
      "abababababab",
      email,
      "Ada.Lovelace",
    ]
  ) {
    it(`calls "${password}" weak`, () => expect(codeOf(() => checkPassword(password, email))).toBe("weak_password"));
  }
  it("names the field", () => {
    expect(() => checkPassword("x", email)).toThrow(
      expect.objectContaining({ extras: { errors: [expect.objectContaining({ pointer: "/password" })] } }),
    );
  });
  it("takes 8 characters, spaces and any script", () => {
    for (
      const password of [
        "tr0ub4do",
        "correct horse battery",
        "пароль-мой",
        "\u{1f600}\u{1f601}\u{1f602}\u{1f603}".repeat(2),
      ]
    ) checkPassword(password, email);
  });
  it("takes 256 characters and refuses 257", () => {
    checkPassword("abcdefgh".repeat(32), email);
    expect(codeOf(() => checkPassword("abcdefgh".repeat(32) + "i", email))).toBe("invalid_password");
  });
});

describe("normalisePassword()", () => {
  it("makes composed and decomposed letters the same", () =>
    expect(normalisePassword("e\u0301")).toBe(normalisePassword("\u00e9")));
});

describe("checkStoreRoles()", () => {
  it("refuses two roles in one store", () => {
    expect(
      codeOf(() => checkStoreRoles([{ store_id: A, role: "support" }, { store_id: A.toUpperCase(), role: "manager" }])),
    ).toBe("invalid_store_roles");
  });
  it("refuses other roles", () =>
    expect(codeOf(() => checkStoreRoles([{ store_id: A, role: "owner" }]))).toBe("invalid_store_roles"));
  it("refuses what is no store id", () =>
    expect(codeOf(() => checkStoreRoles([{ store_id: "a", role: "support" }]))).toBe("invalid_store_roles"));
});

describe("viewOf()", () => {
  const staff = person({ store_roles: [{ store_id: A, role: "support" }, { store_id: B, role: "manager" }] });
  it("shows a manager the roles in the own store only", () =>
    expect(viewOf(staff, manager).store_roles).toEqual([{ store_id: A, role: "support" }]));
  it("shows an admin all roles", () => expect(viewOf(staff, admin).store_roles).toHaveLength(2));
  it("shows oneself all roles", () =>
    expect(viewOf(staff, { ...support, user_id: staff.id }).store_roles).toHaveLength(2));
  it("gives support no stores to look into", () => expect(visibleStores(support)).toEqual([]));
});

describe("checkChange()", () => {
  const user = person();
  const cases: [string, Actor, User, Parameters<typeof checkChange>[2], string][] = [
    ["an owner changes the own name, e-mail and password", { ...support, user_id: user.id }, user, {
      name: "x",
      email: "y@z.test",
      password: "p",
    }, "none"],
    ["an owner does not change the own role", { ...admin, user_id: user.id }, user, { role: "customer" }, "forbidden"],
    ["a manager does not change the own store_roles", manager, person({ id: manager.user_id ?? "" }), {
      store_roles: [],
    }, "forbidden"],
    ["an admin changes everything of others", admin, user, {
      name: null,
      email: "y@z.test",
      password: "p",
      role: "admin",
      store_roles: [],
    }, "none"],
    [
      "a manager sets roles in the own store",
      manager,
      user,
      { store_roles: [{ store_id: A, role: "manager" }] },
      "none",
    ],
    ["a manager sets none in another", manager, user, { store_roles: [{ store_id: B, role: "support" }] }, "forbidden"],
    ["a manager sets no role", manager, user, { role: "admin" }, "forbidden"],
    ["a manager changes no name", manager, user, { name: "x" }, "forbidden"],
    ["a manager changes no e-mail", manager, user, { email: "x@y.test" }, "forbidden"],
    ["a manager changes no password", manager, user, { password: "x" }, "forbidden"],
    ["a manager leaves admins alone", manager, person({ role: "admin" }), { store_roles: [] }, "forbidden"],
    ["support sets no roles", support, user, { store_roles: [{ store_id: A, role: "support" }] }, "forbidden"],
  ];
  for (const [sentence, actor, target, change, code] of cases) {
    it(sentence, () => expect(codeOf(() => checkChange(actor, target, change))).toBe(code));
  }
  it("replaces a manager's own stores only", () => expect(managedStores(manager)).toEqual([A]));
});

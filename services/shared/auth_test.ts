import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import {
  type Actor,
  currentActor,
  isAdmin,
  isStaff,
  isStaffOrKey,
  may,
  owns,
  require,
  requireService,
  userId,
} from "./auth.ts";
import { ANONYMOUS, asSystem, SYSTEM, withContext } from "./context.ts";
import type { NanoError } from "./errors.ts";

const user = (more: Partial<Actor> = {}): Actor => ({
  kind: "user",
  user_id: "u1",
  role: "customer",
  store_roles: [],
  ...more,
});
const staff = (role: string) => user({ store_roles: [{ store_id: "s1", role }] });
const guest: Actor = { kind: "guest", guest_hash: "g1", store_roles: [] };
const admin = user({ role: "admin" });

function codeOf(run: () => unknown): string {
  try {
    run();
    return "ok";
  } catch (error) {
    return (error as NanoError).code;
  }
}

describe("require()", () => {
  const table: [name: string, actor: Actor, here: string, elsewhere: string][] = [
    ["nobody", ANONYMOUS, "unauthenticated", "unauthenticated"],
    ["a guest", guest, "unauthenticated", "unauthenticated"],
    ["a customer", user(), "forbidden", "forbidden"],
    ["support, whose role never may", staff("support"), "forbidden", "forbidden"],
    ["a manager", staff("manager"), "ok", "product_not_found"],
    ["an admin", admin, "ok", "ok"],
    ["a service", SYSTEM, "ok", "ok"],
    ["a guest that claims a role", { ...guest, role: "admin" }, "unauthenticated", "unauthenticated"],
  ];
  for (const [name, actor, here, elsewhere] of table) {
    it(`answers ${name} with ${here}, and in another store with ${elsewhere}`, () => {
      expect(codeOf(() => require(actor, "product:write", "s1", "product"))).toBe(here);
      expect(codeOf(() => require(actor, "product:write", "s2", "product"))).toBe(elsewhere);
    });
  }
});

describe("may()", () => {
  it("gives nobody but an admin or a service what no store role has", () => {
    expect([staff("manager"), admin, SYSTEM].map((actor) => may(actor, "platform:write", "s1"))).toEqual([
      false,
      true,
      true,
    ]);
  });

  it("gives an API key its scopes in its store, and nothing else", () => {
    const key: Actor = {
      kind: "api_key",
      store_roles: [],
      api_key: { id: "k", store_id: "s1", scopes: ["order:read"] },
    };
    expect(may(key, "order:read", "s1")).toBe(true);
    expect(may(key, "order:read", "s2")).toBe(false);
    expect(may(key, "order:write", "s1")).toBe(false);
    expect(() => userId(key)).toThrow("not for API keys");
  });

  it("gives no role of one store anything in another", () =>
    expect(may(staff("manager"), "order:read", "s2")).toBe(false));
});

describe("isStaff() and isStaffOrKey()", () => {
  const key: Actor = { kind: "api_key", store_roles: [], api_key: { id: "k", store_id: "s1", scopes: [] } };
  const table: [name: string, actor: Actor, isStaff: boolean, isStaffOrKey: boolean][] = [
    ["nobody", ANONYMOUS, false, false],
    ["a guest", guest, false, false],
    ["a guest that claims roles", { ...guest, role: "admin", store_roles: staff("manager").store_roles }, false, false],
    ["a customer", user(), false, false],
    ["support", staff("support"), true, true],
    ["an admin", admin, true, true],
    ["an API key", key, false, true],
    ["a service", SYSTEM, false, false],
  ];
  for (const [name, actor, person, any] of table) {
    it(`are ${person} and ${any} for ${name}`, () =>
      expect([isStaff(actor), isStaffOrKey(actor)]).toEqual([person, any]));
  }
});

describe("owns()", () => {
  const table: [name: string, actor: Actor, object: Parameters<typeof owns>[1], owns: boolean][] = [
    ["the user of a user's object", user(), { user_id: "u1" }, true],
    ["another user", user({ user_id: "u2" }), { user_id: "u1" }, false],
    ["the guest of a guest's object", guest, { user_id: null, guest_hash: "g1" }, true],
    ["a user who still carries the guest's token", user({ guest_hash: "g1" }), { guest_hash: "g1" }, true],
    ["a guest of an object that has a user too", guest, { user_id: "u1", guest_hash: "g1" }, false],
    ["nobody of an object without an owner", ANONYMOUS, { user_id: null, guest_hash: null }, false],
    ["nobody of an object of nobody", ANONYMOUS, {}, false],
    ["nobody of an object with an empty owner", ANONYMOUS, { user_id: "", guest_hash: "" }, false],
  ];
  for (const [name, actor, object, expected] of table) {
    it(`${expected ? "is true for" : "is false for"} ${name}`, () => expect(owns(actor, object)).toBe(expected));
  }
});

describe("the actor of a request", () => {
  it("is a stranger outside of any", () => expect(currentActor()).toEqual(ANONYMOUS));

  it("is the platform itself within asSystem(), and the user again after it", async () => {
    await withContext({ request_id: "r", actor: user(), deadline: Date.now() + 1000 }, async () => {
      await asSystem(async () => {
        await Promise.resolve();
        requireService(currentActor());
      });
      expect(userId(currentActor())).toBe("u1");
      expect(codeOf(() => requireService(currentActor()))).toBe("forbidden");
    });
  });

  it("has no user id unless signed in", () => expect(codeOf(() => userId(guest))).toBe("unauthenticated"));

  it("is an admin only as a user", () => {
    expect([admin, user(), { ...guest, role: "admin" }, SYSTEM].map(isAdmin)).toEqual([true, false, false, false]);
  });
});

import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { databaseName, rolePassword, roleUrl, scramVerifier } from "./roles.ts";

const OWNER = "postgres://owner:secret@db.example:6432/shop?sslmode=require";

describe("roleUrl()", () => {
  it("keeps where the database is and changes who logs in", () => {
    const url = new URL(roleUrl(OWNER, "order", "s"));
    expect(url.username).toBe("shop_order");
    expect(url.host + url.pathname + url.search).toBe("db.example:6432/shop?sslmode=require");
    expect(url.href).not.toContain("owner:secret");
  });

  it("can name roles for another database, as a copy has its template's", () => {
    const url = new URL(roleUrl(OWNER, "order", "s", { rolePrefix: "template" }));
    expect([url.username, url.pathname]).toEqual(["template_order", "/shop"]);
  });
});

describe("rolePassword()", () => {
  it("is the same each time, and another for another role or secret", () => {
    expect(rolePassword("a", "s")).toBe(rolePassword("a", "s"));
    expect(new Set([rolePassword("a", "s"), rolePassword("b", "s"), rolePassword("a", "t")]).size).toBe(3);
  });
});

describe("scramVerifier()", () => {
  it("has PostgreSQL's form and holds no password", () => {
    const verifier = scramVerifier("a", "s");
    expect(verifier).toMatch(/^SCRAM-SHA-256\$4096:[\w+/]{22}==\$[\w+/]{43}=:[\w+/]{43}=$/);
    expect(verifier).not.toContain(rolePassword("a", "s"));
  });
});

describe("databaseName()", () => {
  it("is the user's name where the URL has none, as libpq has it", () => {
    expect(databaseName("postgres://owner@db")).toBe("owner");
  });
});

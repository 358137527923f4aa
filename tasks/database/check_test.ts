import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { refuseUnfit } from "./check.ts";

/** A server that tells of itself as given. */
function server(version: number, name: string, makesRoles: boolean) {
  return { query: () => Promise.resolve({ rows: [{ version, name, owner: "shop", makes_roles: makesRoles }] }) };
}

describe("refuseUnfit()", () => {
  it("refuses a PostgreSQL before 15, naming both versions", async () => {
    await expect(refuseUnfit(server(140012, "14.12", true))).rejects.toThrow(
      "Cannot use PostgreSQL 14.12 as the oldest that Nano works with is 15.",
    );
  });

  it("refuses an owner that may not make roles, saying what would help", async () => {
    await expect(refuseUnfit(server(150000, "15.0", false))).rejects.toThrow(/alter role "shop" createrole/);
  });

  it("accepts 15 and later", async () => {
    await refuseUnfit(server(150000, "15.0", true));
    await refuseUnfit(server(180004, "18.4", true));
  });
});

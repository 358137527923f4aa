import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { ensureAdmin } from "../../services/user/ensure_admin.ts";
import { createPasswords } from "../../services/user/passwords.ts";
import { createRepository } from "../../services/user/repository.ts";
import { createLog } from "../../services/shared/log.ts";
import { type TestDatabase, testDatabase } from "../../services/shared/testing.ts";
import { refuseWithoutOperator } from "./operator.ts";

let database: TestDatabase;
before(async () => {
  database = await testDatabase("user");
});
after(() => database.drop());

function ensure(more: { ADMIN_EMAIL?: string; ADMIN_PASSWORD?: string }) {
  const log = createLog("user", { LOG_LEVEL: "ERROR" });
  const config = { ENVIRONMENT: "production" as const, ...more };
  return ensureAdmin({ config, repository: createRepository(database.pool), passwords: createPasswords(), log });
}

describe("the first start in production", () => {
  it("is refused without ADMIN_*, by the starter and by the user service, then is not", async () => {
    await expect(refuseWithoutOperator(database.ownerUrl)).rejects.toThrow(
      "ADMIN_EMAIL and ADMIN_PASSWORD must be set",
    );
    await expect(ensure({})).rejects.toThrow("ADMIN_EMAIL and ADMIN_PASSWORD must be set");
    const weak = ensure({ ADMIN_EMAIL: "op@shop.example", ADMIN_PASSWORD: "password1234" });
    await expect(weak).rejects.toThrow("ADMIN_PASSWORD is weak");
    await expect(weak).rejects.not.toThrow("password1234");

    await ensure({ ADMIN_EMAIL: "op@shop.example", ADMIN_PASSWORD: "kJ8s-Q2mX-w7Rt" });
    await expect(refuseWithoutOperator(database.ownerUrl)).resolves.toBeUndefined();
    await expect(ensure({})).resolves.toBeUndefined();
  });
});

import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { withContext } from "../shared/context.ts";
import { ANONYMOUS } from "../shared/context.ts";
import { createPasswords } from "./passwords.ts";

describe("createPasswords()", () => {
  it("hashes by argon2id with OWASP's parameters", async () => {
    expect(await createPasswords().hash("correct horse")).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  it("knows the password again and no other", async () => {
    const passwords = createPasswords();
    const hash = await passwords.hash("correct horse");
    expect(await passwords.verify("correct horse", hash)).toBe(true);
    expect(await passwords.verify("correct Horse", hash)).toBe(false);
  });

  it("says no where there is no account", async () => {
    expect(await createPasswords().verify("anything", undefined)).toBe(false);
  });

  it("works two at a time, lets a bounded line wait, and refuses the rest at once", async () => {
    const passwords = createPasswords(2, 3);
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => passwords.hash("correct horse")));
    expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(5);
    const refused = results.filter((result) => result.status === "rejected");
    expect(refused.map((result) => result.reason.kind)).toEqual(["unavailable", "unavailable", "unavailable"]);
    // Nobody is left in line: it works on.
    expect(await passwords.hash("again")).toContain("$argon2id$");
  });

  it("does no work for a request that is past its deadline", async () => {
    const passwords = createPasswords(1, 3);
    const context = { request_id: "r", actor: ANONYMOUS, deadline: Date.now() - 1 };
    await expect(withContext(context, () => passwords.hash("late"))).rejects.toMatchObject({
      code: "deadline_exceeded",
    });
    expect(await passwords.hash("in time")).toContain("$argon2id$");
  });
});

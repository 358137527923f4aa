import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { binding, embed, nameWith } from "./parts.ts";

describe("embed()", () => {
  const parts = [
    { name: "order.add_jobs", text: "select f($1, $2, $1)", values: ["a", "b"] },
    { name: "order.remove_job", text: "select g($1)", values: ["c"] },
  ];

  it("makes columns of statements, their values after those that are there", () => {
    const { values, bind } = binding();
    expect(bind("first")).toBe("$1");
    expect(embed(parts, bind, "made")).toBe(
      ", case when exists (select from made) then (select count(*) from (select f($2, $3, $2)) part) end" +
        ", case when exists (select from made) then (select count(*) from (select g($4)) part) end",
    );
    expect(values).toEqual(["first", "a", "b", "c"]);
  });

  it("makes nothing of no statements", () => expect(embed([], binding().bind, "made")).toBe(""));

  it("gives each set of parts a name of its own", () => {
    expect([nameWith("payment.move", parts), nameWith("payment.move", [])]).toEqual([
      "payment.move.add_jobs.remove_job",
      "payment.move",
    ]);
  });

  it("gives none where PostgreSQL would cut it off", () => {
    expect(nameWith("x".repeat(63 - 20), parts)).toHaveLength(63);
    expect(nameWith("x".repeat(63 - 19), parts)).toBe(undefined);
  });
});

import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { testShop } from "../../services/shared/testing.ts";
import { smokePurchase } from "./smoke.ts";

describe("smokePurchase()", () => {
  it("buys something and gives it back", async () => {
    expect(await smokePurchase(testShop().gateway)).toEqual({
      bought: true,
      what: expect.stringMatching(/^bought .+ as order \d+, and gave it back$/),
    });
  });
});

import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { isCardNumber, refuseCardNumbers } from "./card_number.ts";

describe("isCardNumber", () => {
  for (
    const text of [
      "4242424242424242",
      "4242 4242 4242 4242",
      "5555-5555-5555-4444",
      "2223003122003222",
      "6011111111111117",
      "378282246310005",
      "4222222222222",
    ]
  ) {
    it(`takes ${text} for a card number`, () => expect(isCardNumber(text)).toBe(true));
  }

  const others = {
    "with a wrong check digit": "4242424242424241",
    "of 12 digits": "424242424242",
    "of 20 digits": "42424242424242424242",
    "that starts with 1": "1000000000000008",
    "that starts with 9": "9000000000000001",
    "within other words": "card 4242424242424242",
    "of letters": "tok_ok",
    "that is empty": "",
  };
  for (const [what, text] of Object.entries(others)) {
    it(`takes no text ${what} for one`, () => expect(isCardNumber(text)).toBe(false));
  }
});

describe("refuseCardNumbers", () => {
  const card = "4242 4242 4242 4242";

  it("finds a card number at any depth and points at it", () => {
    expect(() => refuseCardNumbers({ a: [{ "b/c": card }] })).toThrow(
      expect.objectContaining({
        code: "card_number_refused",
        kind: "unprocessable",
        extras: { errors: [expect.objectContaining({ pointer: "/a/0/b~1c" })] },
      }),
    );
  });

  it("never shows the number", () => {
    try {
      refuseCardNumbers({ note: card });
    } catch (error) {
      expect(JSON.stringify(error) + String(error)).not.toContain("4242");
    }
    expect.assertions(1);
  });

  for (const name of ["email", "phone", "sku", "tracking_number", "id", "order_id", "variant_id"]) {
    it(`leaves ${name} alone`, () => expect(() => refuseCardNumbers({ [name]: card })).not.toThrow());
  }

  it("takes a body that is nested as deep as it is long", () => {
    const depth = 200_000;
    const body: unknown = JSON.parse("[".repeat(depth) + `"${card}"` + "]".repeat(depth));
    expect(() => refuseCardNumbers(body)).toThrow(expect.objectContaining({ code: "card_number_refused" }));
  });

  it("takes numbers for numbers", () => expect(() => refuseCardNumbers({ amount: 4242424242424242 })).not.toThrow());
});

import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { lowerIds } from "./ids.ts";

const LOUD = "019AA0B4-7A3C-7C55-9B7E-3F1D2C4B5A69";
const ID = LOUD.toLowerCase();

/** What becomes of a message. */
function lowered(message: object): object {
  lowerIds(message);
  return message;
}

describe("lowerIds()", () => {
  for (const name of ["id", "user_id", "id_or_slug", "row_id"]) {
    it(`writes ${name} in lower case`, () => expect(lowered({ [name]: LOUD })).toEqual({ [name]: ID }));
  }

  it("finds ids in lists and in messages within", () => {
    expect(
      lowered({ ids: [LOUD, "x"], lines: [{ variant_id: LOUD, quantity: 1 }], product: { variants: [{ id: LOUD }] } }),
    )
      .toEqual({ ids: [ID, "x"], lines: [{ variant_id: ID, quantity: 1 }], product: { variants: [{ id: ID }] } });
  });

  it("leaves everything else: other fields, the client's name of the request, what is no UUID", () => {
    const message = {
      request_id: LOUD,
      note: LOUD,
      guest_hash: "AB",
      id: "ORDER-1",
      none: undefined,
      empty: null,
      n: 1,
    };
    expect(lowered({ ...message })).toEqual(message);
  });

  it("leaves a merchant's own words, bytes and times", () => {
    const message = { attributes: { erp_id: LOUD }, options: { id: LOUD }, headers: { id: LOUD } };
    expect(lowered(structuredClone(message))).toEqual(message);
    const [data, time] = [new Uint8Array([1, 2]), new Date(0)];
    expect(lowered({ data, time })).toEqual({ data: new Uint8Array([1, 2]), time: new Date(0) });
  });
});

import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import fc from "fast-check";
import { fellLow, shortage, sumDemand } from "./stock.ts";

describe("sumDemand", () => {
  it("adds up the same variant and orders by id", () => {
    const lines = [{ variant_id: "b", quantity: 1 }, { variant_id: "a", quantity: 2 }, {
      variant_id: "B",
      quantity: 3,
    }];
    expect(sumDemand(lines)).toEqual([{ variant_id: "a", quantity: 2 }, { variant_id: "b", quantity: 4 }]);
  });

  it("loses nothing, whatever the lines", () => {
    const line = fc.record({ variant_id: fc.constantFrom("a", "b", "c"), quantity: fc.integer({ min: 1, max: 999 }) });
    fc.assert(fc.property(fc.array(line), (lines) => {
      const sum = (of: { quantity: number }[]) => of.reduce((total, { quantity }) => total + quantity, 0);
      expect(sum(sumDemand(lines))).toBe(sum(lines));
    }));
  });

  it("refuses quantities that are no counts", () => {
    for (const quantity of [0, -1, 0.5, NaN, 1e308]) {
      expect(() => sumDemand([{ variant_id: "a", quantity }])).toThrow("at least 1");
    }
  });
});

describe("shortage", () => {
  const shelf = (variant_id: string, available: number) => ({
    variant_id,
    product_id: "p",
    sku: variant_id.toUpperCase(),
    available,
  });

  it("names each SKU of which there is not enough", () => {
    const demand = [{ variant_id: "a", quantity: 2 }, { variant_id: "b", quantity: 2 }, {
      variant_id: "c",
      quantity: 1,
    }];
    const refusal = shortage(demand, [shelf("a", 1), shelf("b", 2)]);
    expect(refusal?.code).toBe("out_of_stock");
    expect(refusal?.extras.members).toEqual({
      items: [{ variant_id: "a", sku: "A", requested: 2, available: 1 }, {
        variant_id: "c",
        sku: "",
        requested: 1,
        available: 0,
      }],
    });
  });

  it("says nothing where there is enough", () => {
    expect(shortage([{ variant_id: "a", quantity: 2 }], [shelf("a", 2)])).toBeUndefined();
  });
});

describe("fellLow", () => {
  it("notes the step across 5 and no other", () => {
    expect([fellLow(6, 5), fellLow(9, 0), fellLow(5, 4), fellLow(7, 6), fellLow(4, 6)]).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

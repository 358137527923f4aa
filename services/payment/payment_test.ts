import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { type PaymentStatus, sourcesOf, STATUSES } from "./payment.ts";
import { lineUp, NoAnswer, within } from "./providers/provider.ts";
import { createManualProvider } from "./providers/manual.ts";

describe("a payment", () => {
  const sources: [status: PaymentStatus, from: PaymentStatus[]][] = [
    ["pending", []],
    ["unknown", ["pending"]],
    ["authorized", ["pending", "unknown"]],
    ["captured", ["pending", "unknown", "authorized"]],
    ["declined", ["pending", "unknown"]],
    ["voided", ["pending", "unknown", "authorized"]],
    ["partially_refunded", ["captured", "partially_refunded"]],
    ["refunded", ["captured", "partially_refunded"]],
  ];
  for (const [status, from] of sources) {
    it(`becomes ${status} from ${from.join(", ") || "nothing"} only`, () => expect(sourcesOf(status)).toEqual(from));
  }

  it("has no other status", () => expect(STATUSES.toSorted()).toEqual(sources.map(([status]) => status).toSorted()));
});

describe("within()", () => {
  it("passes an answer on", async () => {
    expect(await within(1000, () => Promise.resolve("yes"))).toBe("yes");
  });

  it("throws NoAnswer, and ends the call, when the time is over", async () => {
    let ended = false;
    const silent = within(10, (signal) =>
      new Promise<never>((_, reject) =>
        signal.addEventListener("abort", () => {
          ended = true;
          reject(signal.reason);
        })
      ));
    await expect(silent).rejects.toBeInstanceOf(NoAnswer);
    expect(ended).toBe(true);
  });

  it("throws what the call throws", async () => {
    await expect(within(1000, () => Promise.reject(new TypeError("no")))).rejects.toBeInstanceOf(TypeError);
  });
});

describe("lineUp()", () => {
  const manual = createManualProvider();

  it("still finds the provider of a method that is no longer offered", () => {
    const providers = lineUp([{ provider: manual, offered: false }]);
    expect(providers.offered).toEqual([]);
    expect(providers.of("manual")).toBe(manual);
  });

  it("throws for a method that nobody knows", () => {
    expect(() => lineUp([]).of("cheque")).toThrow('"cheque"');
  });
});

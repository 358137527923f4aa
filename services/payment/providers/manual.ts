import type { Provider } from "./provider.ts";

/**
 * Invoice or cash on delivery: nobody is asked, so it is authorised at once, and what staff say happened did happen.
 * A look-up finds what was intended.
 */
export function createManualProvider(): Provider {
  return {
    method: { id: "manual", name: "Invoice or on delivery", kind: "manual" },
    authorize: () => Promise.resolve({ state: "authorized" }),
    capture: ({ amount }) => Promise.resolve({ state: "captured", captured: amount.amount }),
    void: () => Promise.resolve({ state: "voided" }),
    refund: () => Promise.resolve({ state: "succeeded" }),
    lookUp: () => Promise.resolve({ state: "authorized" }),
  };
}

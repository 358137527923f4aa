import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { createLog } from "../shared/log.ts";
import type { Deps } from "./deps.ts";
import type { Provider } from "./providers/provider.ts";
import { recordProviderRefunds } from "./record_provider_refunds.ts";
import { becomes, database, ledger, paid, repository, startPayment, stopPayment } from "./testing.ts";

before(() => startPayment());
after(stopPayment);

/** What the service logged as errors. */
const errors: unknown[] = [];
const log = Object.assign(Object.create(createLog("payment", { LOG_LEVEL: "ERROR" })), {
  error: (...line: unknown[]) => void errors.push(line.at(-1)),
});

/** Has the refunds of a payment entered that its provider, who knows it as its id, tells of. */
async function enter(payment_id: string, refunds: Record<string, number>): Promise<void> {
  const found = Object.entries(refunds).map(([reference, amount]) => ({ reference, amount }));
  const provider = { foreignRefunds: () => Promise.resolve(found) } as unknown as Provider;
  const deps = { repository, log, providers: { of: () => provider } } as unknown as Deps;
  const payment = await repository.find(payment_id);
  await recordProviderRefunds(deps, { ...payment!, provider_reference: payment_id }, 1_000);
}

describe("refunds that were given at the provider", () => {
  it("are entered once each, however often they are told", async () => {
    const { id } = await paid();
    for (let times = 0; times < 2; times++) await enter(id, { [`${id}-1`]: 501, [`${id}-2`]: 400 });
    expect(await repository.listRefunds(id)).toMatchObject([
      { status: "succeeded", amount: 501 },
      { status: "succeeded", amount: 400 },
    ]);
    expect(await ledger(id)).toEqual({ provider: 600, store: -600 });
    await Promise.allSettled(Array.from({ length: 5 }, () => enter(id, { [`${id}-3`]: 600 })));
    await becomes(id, "refunded");
    expect(await ledger(id)).toEqual({ provider: 0, store: 0 });
  });

  it("wait for a refund of ours that is on its way, where both are more than there is", async () => {
    const { id } = await paid();
    const setAside = (amount: number) =>
      database.owner.query("update payment.payments set refunding_amount = $2 where id = $1", [id, amount]);
    await setAside(800);
    await expect(enter(id, { [id]: 1000 })).rejects.toMatchObject({ kind: "unavailable" });
    await setAside(0);
    await enter(id, { [id]: 1000 });
    await becomes(id, "partially_refunded");
  });

  it("are left to people where they are more than was taken", async () => {
    const { id } = await paid();
    errors.length = 0;
    await enter(id, { [id]: 1502 });
    expect(errors).toEqual(["a refund at the provider is more than what is left: see to it by hand"]);
    expect(await repository.listRefunds(id)).toEqual([]);
  });
});

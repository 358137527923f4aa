import { unavailable } from "../shared/errors.ts";
import { newId } from "../shared/ids.ts";
import type { Deps } from "./deps.ts";
import { type Payment, refundable } from "./payment.ts";
import { within } from "./providers/provider.ts";
import { endRefund } from "./refund_payment.ts";

/**
 * Enters the refunds of a payment that were given at the provider itself, by somebody in its dashboard: each once, with
 * the ledger, the event and the word to the order service, as if staff had given them here.
 */
export async function recordProviderRefunds(deps: Deps, payment: Payment, milliseconds: number): Promise<void> {
  const provider = deps.providers.of(payment.method);
  const { foreignRefunds } = provider;
  if (!foreignRefunds || payment.provider_reference === null || payment.captured_amount === 0) return;
  const charge = { reference: payment.provider_reference, currency: payment.currency };
  const found = await within(milliseconds, () => foreignRefunds(charge));
  for (const { reference, amount } of found) await record(deps, payment.id, reference, amount);
}

async function record({ repository, log }: Deps, payment_id: string, reference: string, amount: number): Promise<void> {
  const id = newId();
  await repository.transaction(async (tx) => {
    const payment = await repository.lock(tx, payment_id);
    if (!payment || await repository.knowsProviderRefund(tx, reference)) return;
    // A refund of ours is on its way to the provider: how that ends decides, so the job comes again.
    if (amount > refundable(payment) && payment.refunding_amount > 0) throw unavailable();
    if (amount > refundable(payment)) {
      log.error(
        { payment_id, reference, amount },
        "a refund at the provider is more than what is left: see to it by hand",
      );
      return;
    }
    await repository.reserveRefund(tx, payment_id, amount);
    const reason = "Refunded at the provider.";
    await repository.insertRefund(tx, { id, payment_id, amount, reason, restock: false, items: [], reference });
    const refund = await repository.findRefund(id, tx);
    if (refund) await endRefund({ repository, log }, tx, refund, { state: "succeeded" });
  });
}

import { failpoint } from "../shared/failpoints.ts";
import type { Deps } from "./deps.ts";
import { chargeOf, type Payment, settlement } from "./payment.ts";
import { type ChargeState, type Provider, ProviderFault, within } from "./providers/provider.ts";
import { settlePayment } from "./settle_payment.ts";

/**
 * Finds out what became of a payment: asks the provider by key, and charges again, by the same key, if it never heard
 * of it. Only for an order that is off it does not charge again: the payment ends once no call can be on its way.
 */
export async function resolvePayment(
  deps: Deps,
  payment: Payment,
  milliseconds: number,
  report: boolean,
): Promise<Payment> {
  const provider = deps.providers.of(payment.method);
  const end = Date.now() + milliseconds;
  let charge = await lookUp(deps, provider, payment, milliseconds);
  if (charge.state === "absent") {
    charge = payment.cancel_requested
      ? await giveUp(deps, provider, payment, Math.max(1, end - Date.now()))
      : await askToCharge(deps, provider, payment, Math.max(1, end - Date.now()), true);
  }
  return await settlePayment(deps, payment, charge, report);
}

/**
 * Asks a provider to charge. A fault of the provider is looked into at once: nothing charged means declined, with
 * `provider_error`. No answer is no refusal: `pending`.
 */
export async function askToCharge(
  deps: Deps,
  provider: Provider,
  payment: Payment,
  milliseconds: number,
  again = false,
): Promise<ChargeState> {
  const end = Date.now() + milliseconds;
  const { id, capture } = payment;
  let known = payment;
  if (again) await deps.repository.noteAsked(id);
  const request = {
    ...chargeOf(payment),
    token: payment.token ?? "",
    capture,
    again: again ? String(Date.now()) : "",
    remember: async (reference: string) => {
      const provider_reference = await deps.repository.rememberReference(id, reference);
      // A look-up after a fault finds the charge by this: another process may have charged it meanwhile.
      known = { ...payment, provider_reference };
      return provider_reference;
    },
  };
  try {
    return await within(milliseconds, async (signal) => {
      await failpoint("payment.provider");
      return await provider.authorize(request, signal);
    });
  } catch (error) {
    deps.log.warn({ err: error, payment_id: payment.id }, "a provider did not say what became of a charge");
    if (!(error instanceof ProviderFault)) return { state: "pending" };
    const charge = await lookUp(deps, provider, known, Math.max(1, end - Date.now()));
    return charge.state === "absent" ? { state: "declined", failure_code: "provider_error" } : charge;
  }
}

/** Looks at a charge because its provider said that something happened, and follows what it finds. Never charges. */
export async function refreshPayment(deps: Deps, payment: Payment, milliseconds: number): Promise<void> {
  const provider = deps.providers.of(payment.method);
  const charge = await within(milliseconds, (signal) => provider.lookUp(chargeOf(payment), signal));
  // Not yet known, and nobody asks any more: the open payment's own job does.
  if (!settlement(charge)) return;
  await settlePayment(deps, payment, charge, true);
}

/** Asks what became of a charge; a provider that does not say leaves it `pending`. */
export async function lookUp(
  deps: Deps,
  provider: Provider,
  payment: Payment,
  milliseconds: number,
): Promise<ChargeState> {
  try {
    return await within(milliseconds, (signal) => provider.lookUp(chargeOf(payment), signal));
  } catch (error) {
    deps.log.warn({ err: error, payment_id: payment.id }, "a provider did not answer a look-up");
    return { state: "pending" };
  }
}

/** Ends a charge that was never made: once no call of ours can be on its way, and the provider will not take one any more. */
async function giveUp(deps: Deps, provider: Provider, payment: Payment, milliseconds: number): Promise<ChargeState> {
  if (!await deps.repository.isCallLost(payment.id)) return { state: "pending" };
  try {
    const order = { key: `${payment.id}:give_up`, charge: chargeOf(payment) };
    const charge = await within(milliseconds, (signal) => provider.void(order, signal));
    return charge.state === "absent" ? { state: "declined", failure_code: "cancelled" } : charge;
  } catch (error) {
    deps.log.warn({ err: error, payment_id: payment.id }, "a provider did not let go of a charge");
    return { state: "pending" };
  }
}

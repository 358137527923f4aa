import { inCurrency, type Payment } from "./payment.ts";
import { type ChargeState, type Provider, ProviderFault, within } from "./providers/provider.ts";
import { type Deps, settlePayment } from "./settle_payment.ts";

/** After so long no call of ours can still be on its way to the provider. */
const CALL_LOST_MS = 60_000;

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
      ? givenUp(payment)
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
  const request = {
    key: payment.provider_key,
    amount: inCurrency(payment, payment.amount),
    token: payment.token ?? "",
  };
  if (again) await deps.repository.noteAsked(payment.id);
  try {
    return await within(milliseconds, (signal) => provider.authorise(request, signal));
  } catch (error) {
    deps.log.warn({ err: error, payment_id: payment.id }, "a provider did not say what became of a charge");
    if (!(error instanceof ProviderFault)) return { state: "pending" };
    const charge = await lookUp(deps, provider, payment, Math.max(1, end - Date.now()));
    return charge.state === "absent" ? { state: "declined", failure_code: "provider_error" } : charge;
  }
}

async function lookUp(deps: Deps, provider: Provider, payment: Payment, milliseconds: number): Promise<ChargeState> {
  try {
    return await within(milliseconds, (signal) => provider.lookUp(payment.provider_key, signal));
  } catch (error) {
    deps.log.warn({ err: error, payment_id: payment.id }, "a provider did not answer a look-up");
    return { state: "pending" };
  }
}

function givenUp(payment: Payment): ChargeState {
  const lost = payment.asked_time.getTime() + CALL_LOST_MS < Date.now();
  return lost ? { state: "declined", failure_code: "cancelled" } : { state: "pending" };
}

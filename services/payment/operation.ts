import { conflict, invalid, type NanoError } from "../shared/errors.ts";
import { type Money, sameCurrency } from "../shared/money.ts";
import { inCurrency, type Payment } from "./payment.ts";

/** What is done with an authorised payment. The id is also the provider's key. */
export interface Operation {
  id: string;
  payment_id: string;
  kind: "capture" | "void";
  status: "pending" | "succeeded" | "failed";
  /** What is to be captured, in minor units; 0 for a void. */
  amount: number;
  failure_code: string | null;
}

/** What is to be done with a payment. */
export type OperationPlan = Pick<Operation, "kind" | "amount">;

/**
 * Works out a capture: all that was authorised, or a part, and then the rest is released. Throws
 * `payment_not_capturable`, `over_capture` with what is capturable.
 */
export function planCapture(payment: Payment, wanted?: Money): OperationPlan {
  if (payment.status !== "authorized" || payment.cancel_requested) {
    throw conflict("payment_not_capturable", "Only an authorised payment can be captured.", {
      payment_status: payment.status,
    });
  }
  if (!wanted) return { kind: "capture", amount: payment.amount };
  sameCurrency(payment.currency, wanted.currency || payment.currency, "/amount/currency");
  if (wanted.amount <= 0) throw invalid("invalid_field", "The amount must be positive.", "/amount");
  if (wanted.amount > payment.amount) {
    throw conflict("over_capture", "That is more than what was authorised.", {
      capturable: inCurrency(payment, payment.amount),
    });
  }
  return { kind: "capture", amount: wanted.amount };
}

/** Works out a void. Throws `payment_not_voidable`: money that was taken is refunded instead. */
export function planVoid(payment: Payment): OperationPlan {
  if (payment.status !== "authorized") {
    throw conflict("payment_not_voidable", "Only an authorised payment can be voided.", {
      payment_status: payment.status,
    });
  }
  return { kind: "void", amount: 0 };
}

/** Another capture or void of the payment has not ended. */
export function operationUnderWay(): NanoError {
  return conflict("payment_in_progress", "A capture or void of this payment is under way.");
}

/** The provider refused a capture or void: 409 with its reason. */
export function operationFailed({ kind, failure_code }: Operation): NanoError {
  return conflict(`${kind}_failed`, `The provider refused the ${kind}.`, { failure_code });
}

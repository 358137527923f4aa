import type { Money } from "../../shared/money.ts";

/** A way to pay, as a storefront shows it. */
export interface Method {
  id: string;
  name: string;
  kind: "card" | "manual";
}

/** What a provider is asked to charge. It charges once for a key, however often it is asked. */
export interface Charge {
  key: string;
  amount: Money;
  token: string;
}

/** What a provider knows of a charge: `pending` it is at work, `absent` it never heard of the key. */
export type ChargeState =
  | { state: "authorized" | "captured" | "voided" | "pending" | "absent" }
  | { state: "declined"; failure_code: string };

/** What a provider is asked to give back, once for a key. */
export interface RefundOrder {
  key: string;
  /** The charge's key. */
  charge_key: string;
  amount: Money;
}

/** What a provider knows of a refund. */
export type RefundState = { state: "succeeded" | "pending" } | { state: "failed"; failure_code: string };

/**
 * A payment provider. Every call may be repeated under its key. A call that ends with its signal, or throws anything
 * but a ProviderFault, may or may not have had its effect.
 */
export interface Provider {
  readonly method: Method;
  /** Reserves the money, or takes it where the provider captures at once. */
  authorise(charge: Charge, signal: AbortSignal): Promise<ChargeState>;
  /** Takes money that was reserved, all of it or a part. */
  capture(charge_key: string, amount: Money, signal: AbortSignal): Promise<ChargeState>;
  /** Lets go of money that was reserved. */
  void(charge_key: string, signal: AbortSignal): Promise<ChargeState>;
  /** Gives money back. */
  refund(order: RefundOrder, signal: AbortSignal): Promise<RefundState>;
  /** Tells what became of a charge. */
  lookUp(charge_key: string, signal: AbortSignal): Promise<ChargeState>;
}

/** The provider answered, but with an error of its own; a look-up tells whether anything was done. */
export class ProviderFault extends Error {
  override name = "ProviderFault";
}

/** The provider did not answer in time. That is no refusal: what it did is unknown. */
export class NoAnswer extends Error {
  override name = "NoAnswer";
}

/** Calls a provider for so many milliseconds at most, then throws NoAnswer. */
export async function within<T>(milliseconds: number, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const control = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new NoAnswer(`The provider gave no answer within ${milliseconds} ms.`));
      control.abort();
    }, milliseconds);
  });
  try {
    return await Promise.race([call(control.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The providers that this service knows. */
export interface Providers {
  /** Those that a shopper may choose, in the order to offer them. */
  offered: Provider[];
  /** The provider of a method, also of one that is no longer offered: what it holds can still be given back. */
  of(method: string): Provider;
}

/** Lines up providers: all that are known, and which are offered. */
export function lineUp(known: { provider: Provider; offered: boolean }[]): Providers {
  return {
    offered: known.filter(({ offered }) => offered).map(({ provider }) => provider),
    of: (method) => {
      const found = known.find(({ provider }) => provider.method.id === method);
      if (!found) throw new Error(`Cannot find the provider of payment method "${method}".`);
      return found.provider;
    },
  };
}

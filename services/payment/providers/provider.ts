import type { Money } from "../../shared/money.ts";

/** A way to pay, as a storefront shows it. */
export interface Method {
  id: string;
  name: string;
  kind: "card" | "manual";
}

/** Which charge is meant. */
export interface ChargeRef {
  /** Our key of it. */
  key: string;
  /** The provider's own name of it, once `remember` was told. */
  reference: string | null;
  /** What was asked for. */
  amount: Money;
}

/** What a provider is asked to charge. It charges once for a key, however often it is asked. */
export interface Charge extends ChargeRef {
  token: string;
  /** Whether the money is taken at once, or only reserved for a later capture. */
  capture: "automatic" | "manual";
  /** Which time it is asked, counted by the clock: "" at first. For providers that keep failed answers under a key. */
  again: string;
  /** Stores the provider's name of the charge before money moves; gives the name that counts, the first one told. */
  remember(reference: string): Promise<string>;
}

/** What a provider knows of a charge: `pending` it is at work, `absent` it never heard of it or was never told to charge. */
export type ChargeState =
  | { state: "authorized" | "voided" | "pending" | "absent" }
  | { state: "captured"; captured: number }
  | { state: "declined"; failure_code: string };

/** What a provider is asked to do with a charge, once for a key of its own: capture, refund so much of it. */
export interface Instruction {
  key: string;
  charge: ChargeRef;
  amount: Money;
}

/** What a provider knows of a refund. */
export type RefundState = { state: "succeeded" | "pending" } | { state: "failed"; failure_code: string };

/** What a webhook told: which event, and which charge or refund to look at. What it claims of them is not believed. */
export interface WebhookEvent {
  id: string;
  type: string;
  charge_key?: string | undefined;
  reference?: string | undefined;
  refund_key?: string | undefined;
}

/**
 * A payment provider. Every call may be repeated under its key. A call that ends with its signal, or throws anything
 * but a ProviderFault, may or may not have had its effect.
 */
export interface Provider {
  readonly method: Method;
  /** Reserves the money, or takes it where it is captured at once. */
  authorize(charge: Charge, signal: AbortSignal): Promise<ChargeState>;
  /** Takes money that was reserved, all of it or a part; the rest is released. */
  capture(instruction: Instruction, signal: AbortSignal): Promise<ChargeState>;
  /** Lets go of money that was reserved. */
  void(instruction: Omit<Instruction, "amount">, signal: AbortSignal): Promise<ChargeState>;
  /** Gives money back. Asked again, it tells what became of the refund. */
  refund(instruction: Instruction, signal: AbortSignal): Promise<RefundState>;
  /** Tells what became of a charge. */
  lookUp(charge: ChargeRef, signal: AbortSignal): Promise<ChargeState>;
  /** The refunds of a charge that were given at the provider itself, not by us, in our minor units. */
  readonly foreignRefunds?: (
    charge: { reference: string; currency: string },
  ) => Promise<{ reference: string; amount: number }[]>;
  /** Reads a webhook after its signature; undefined for an event of no interest. Throws BadWebhook. Absent: sends none. */
  readonly parseWebhook?: (headers: Record<string, string>, body: Uint8Array) => WebhookEvent | undefined;
}

/** A webhook that is forged, stale or malformed. */
export class BadWebhook extends Error {
  override name = "BadWebhook";
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
  /** All that are known. */
  all: Provider[];
  /** The provider of a method, also of one that is no longer offered: what it holds can still be given back. */
  of(method: string): Provider;
}

/** Lines up providers: all that are known, and which are offered. */
export function lineUp(known: { provider: Provider; offered: boolean }[]): Providers {
  return {
    offered: known.filter(({ offered }) => offered).map(({ provider }) => provider),
    all: known.map(({ provider }) => provider),
    of: (method) => {
      const found = known.find(({ provider }) => provider.method.id === method);
      if (!found) throw new Error(`Cannot find the provider of payment method "${method}".`);
      return found.provider;
    },
  };
}

import { z } from "zod";
import type { Address } from "../../proto/gen/nano/common/v1/common.ts";
import { invalid } from "../shared/errors.ts";

export const MAX_ADDRESSES = 50;

/** A change of an address: what is absent stays, null clears an optional field. */
export type AddressPatch = { [K in keyof Address]?: Address[K] | null };

const text = (max: number) => z.string().trim().min(1).max(max);
const shape = {
  name: text(200),
  company: text(200).nullish(),
  line1: text(200),
  line2: text(200).nullish(),
  city: text(200),
  region: text(200).nullish(),
  postal_code: text(40),
  country: z.string().regex(/^[A-Z]{2}$/),
  phone: text(40).nullish(),
};
const whole = z.object(shape);
const part = z.strictObject(shape).partial();

/** Checks a whole address. Throws `invalid_address`. */
export function checkAddress(address: Address | undefined): Address {
  const result = whole.safeParse(address ?? {});
  if (!result.success) throw refused(result.error);
  return Object.fromEntries(Object.entries(result.data).filter(([, value]) => value != null)) as unknown as Address;
}

/** Reads a change of an address. Throws `invalid_address`. */
export function readPatch(json: string): AddressPatch {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw invalid("invalid_address", "The change is not JSON.");
  }
  const result = part.safeParse(value);
  if (!result.success) throw refused(result.error);
  return result.data as AddressPatch;
}

function refused(error: z.ZodError): Error {
  const [issue] = error.issues;
  return invalid("invalid_address", issue?.message ?? "The address is not valid.", `/${issue?.path.join("/") ?? ""}`);
}

import { createMiddleware } from "@hono/hono/factory";
import { NanoError } from "../shared/errors.ts";
import type { Env } from "./env.ts";

/** What may look like a card number and is none. */
const EXEMPT = /^(email|phone|sku|tracking_number|tracking_url|id|.*_id)$/;

const DIGITS = /^[2-6]\d{12,18}$/;

/** Whether a whole text is a card number: 13 to 19 digits, spaces and hyphens aside, from 2 to 6 on, Luhn-valid. */
export function isCardNumber(text: string): boolean {
  const digits = text.replaceAll(/[\s-]/g, "");
  return DIGITS.test(digits) && luhn(digits);
}

/** The check sum of ISO/IEC 7812: every second digit from the right counts twice. */
function luhn(digits: string): boolean {
  let sum = 0;
  for (let place = 0; place < digits.length; place++) {
    const digit = Number(digits[digits.length - 1 - place]);
    const counted = place % 2 === 0 ? digit : digit * 2;
    sum += counted > 9 ? counted - 9 : counted;
  }
  return sum % 10 === 0;
}

/** Refuses a body that carries a card number anywhere: those never reach the platform. Throws `card_number_refused` (422). */
export function refuseCardNumbers(body: unknown, pointer = ""): void {
  if (typeof body === "string") {
    if (isCardNumber(body)) throw cardNumberRefused(pointer);
  } else if (Array.isArray(body)) {
    body.forEach((part, index) => refuseCardNumbers(part, `${pointer}/${index}`));
  } else if (body !== null && typeof body === "object") {
    for (const [name, part] of Object.entries(body)) {
      if (EXEMPT.test(name) && typeof part === "string") continue;
      refuseCardNumbers(part, `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`);
    }
  }
}

/** Refuses bodies with card numbers, for routes without an Idempotency-Key; keyOf() does it for those with one. */
export function noCardNumbers() {
  return createMiddleware<Env>(async (c, next) => {
    // A body that is no JSON is refused by its schema.
    refuseCardNumbers(await c.req.json().catch(() => undefined));
    await next();
  });
}

function cardNumberRefused(pointer: string): NanoError {
  const message = "This looks like a card number. Card numbers must not be sent here; send the provider's token.";
  return new NanoError("unprocessable", "card_number_refused", message, {
    errors: [{ pointer, code: "card_number_refused", message }],
  });
}

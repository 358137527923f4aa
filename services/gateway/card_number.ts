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

interface Part {
  value: unknown;
  name: string;
  parent?: Part;
}

/**
 * Refuses a body that carries a card number anywhere: those never reach the platform. Throws `card_number_refused` (422).
 * Never recurses, as a body may be nested as deep as it is long.
 */
export function refuseCardNumbers(body: unknown): void {
  const parts: Part[] = [{ value: body, name: "" }];
  for (let part = parts.pop(); part; part = parts.pop()) {
    const { value } = part;
    if (typeof value === "string" && isCardNumber(value)) throw cardNumberRefused(pointerTo(part));
    if (value === null || typeof value !== "object") continue;
    for (const [name, inner] of Object.entries(value)) {
      if (typeof inner === "string" && EXEMPT.test(name)) continue;
      parts.push({ value: inner, name, parent: part });
    }
  }
}

function pointerTo(part: Part): string {
  const names: string[] = [];
  for (let at = part; at.parent; at = at.parent) names.push(at.name.replaceAll("~", "~0").replaceAll("/", "~1"));
  return names.reverse().map((name) => `/${name}`).join("");
}

/** Refuses bodies with card numbers before their schema is asked, which may not even know the field. */
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

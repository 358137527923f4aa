/** The names of fields that are secret. */
const NAME =
  "(?:[\\w-]{0,64}[_-])?(?:password|passwd|token|secret|authorization|cookie|api_?key|private_?key|otp|recovery_codes?)";

const FIELD = /pass|token|secret|auth|cookie|key|otp|recovery/i;

/** What is secret in a text, and what stands there instead; the cheap test first, as every line of the log comes by. */
const RULES: readonly { has: string | RegExp; pattern: RegExp; mask: string }[] = [
  {
    has: FIELD,
    pattern: new RegExp(String.raw`(?<!\\)"(${NAME})"(\s*:\s*)(?:"(?:[^"\\]|\\.)*(?:"|$)|\[[^\]]*(?:\]|$))`, "gi"),
    mask: '"$1"$2"***"',
  },
  // The same in JSON within JSON, however deep: a value ends at the quote that is escaped as its name's are.
  {
    has: '\\"',
    pattern: new RegExp(
      String.raw`(?<!\\)(\\+)"(${NAME})\1"(\s*:\s*)(?:\1"[^]*?(?:(?<!\\)\1"|$)|\[[^\]]*(?:\]|$))`,
      "gi",
    ),
    mask: '$1"$2$1"$3$1"***$1"',
  },
  { has: "earer", pattern: /\b(bearer)\s+[\w.~+/=-]{6,}/gi, mask: "$1 ***" },
  { has: "asic", pattern: /\b(basic)\s+[\w+/=-]{8,}/gi, mask: "$1 ***" },
  { has: "eyJ", pattern: /\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*){0,3}/g, mask: "***" },
  { has: "nano_", pattern: /\bnano_([sp]k)_[\w-]+/g, mask: "nano_$1_***" },
  { has: "k_", pattern: /\b([sr]k_(?:live|test))_\w+/g, mask: "$1_***" },
  { has: "whsec_", pattern: /\bwhsec_[\w+/=-]+/g, mask: "whsec_***" },
  {
    has: "PRIVATE KEY",
    pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
    mask: "***",
  },
  { has: "://", pattern: /\b([a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@"]{0,128}):[^\s@/"]{1,256}@/gi, mask: "$1:***@" },
  {
    has: "=",
    pattern: /([?&;](?:[\w-]{0,32}_)?(?:token|secret|key|code|signature|password)=)[^&\s"\\]+/gi,
    mask: "$1***",
  },
  // A person's address: the domain is enough to find a fault in.
  { has: /[^"]@/, pattern: /(?<![\w.+-])[\w.+-]{1,64}@(?=[\w-]{1,63}\.[\w.-]*\w)/g, mask: "***@" },
];

/**
 * Masks what is secret or personal in a line of the log, by the names of fields and by what it looks like: passwords,
 * bearer tokens, JWTs, API keys, webhooks' and Stripe's secrets, private keys, passwords in URLs, e-mail addresses.
 */
export function redact(line: string): string {
  let masked = line;
  for (const { has, pattern, mask } of RULES) {
    if (typeof has === "string" ? masked.includes(has) : has.test(masked)) masked = masked.replace(pattern, mask);
  }
  return masked;
}

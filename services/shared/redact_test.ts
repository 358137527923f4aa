import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { createLog } from "./log.ts";
import { redact } from "./redact.ts";

const JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
const RANDOM = "Zk3Wq8Lx0Vn5Ty2B";

const secrets: [what: string, text: string, secret: string][] = [
  ["a bearer token", `Authorization: Bearer ${RANDOM}.abc`, RANDOM],
  ["a JWT", `token was ${JWT} there`, "c2lnbmF0dXJl"],
  ["basic credentials", "Basic dXNlcjpnZWhlaW0=", "dXNlcjpnZWhlaW0"],
  ["a secret API key", `key nano_sk_${RANDOM} is revoked`, RANDOM],
  ["a publishable API key", `key nano_pk_${RANDOM}`, RANDOM],
  ["Stripe's live key", `Invalid API Key: sk_live_${RANDOM}`, RANDOM],
  ["Stripe's restricted test key", `rk_test_${RANDOM}`, RANDOM],
  ["a webhook's secret", `whsec_${RANDOM}+/=`, RANDOM],
  ["a URL's password", "connect postgres://nano_user:geheim@db.example:5432/nano", "geheim"],
  ["a URL's password without a user", "redis://:geheim@127.0.0.1/0", "geheim"],
  ["a token in a query", `GET /reset?lang=de&token=${RANDOM}&x=1`, RANDOM],
  ["a private key", `-----BEGIN PRIVATE KEY-----\\n${RANDOM}\\n-----END PRIVATE KEY-----`, RANDOM],
  ["a person's e-mail address", "Key (email)=(ada.lovelace+1@shop.example) already exists", "ada.lovelace"],
  ["a field, deep down", `{"a":{"b":{"c":{"new_password":"${RANDOM}"}}}}`, RANDOM],
  ["a field of JSON within JSON", JSON.stringify({ body: JSON.stringify({ refresh_token: RANDOM, id: 1 }) }), RANDOM],
  ["a header among headers", `{"x-cart-token":"${RANDOM}"}`, RANDOM],
  ["recovery codes", `{"recovery_codes":["${RANDOM}","b"]}`, RANDOM],
  ["a password with quotes in it", JSON.stringify({ deep: { er: { password: `a"${RANDOM}` } } }), RANDOM],
];

describe("redact()", () => {
  for (const [what, text, secret] of secrets) {
    it(`masks ${what}`, () => {
      expect(redact(text)).not.toContain(secret);
      expect(redact(text)).toContain("***");
    });
  }

  it("leaves JSON that can be read, with everything that is no secret", () => {
    const line = {
      level: "info",
      email: "a@b.example",
      url: { path: "/auth/reset" },
      token: JWT,
      error: { code: "x" },
    };
    expect(JSON.parse(redact(JSON.stringify(line)))).toEqual({ ...line, email: "***@b.example", token: "***" });
    const nested = { body: JSON.stringify({ password: "a\\b", id: 1 }), n: 2 };
    expect(JSON.parse(redact(JSON.stringify(nested)))).toMatchObject({ n: 2 });
  });

  it("leaves ordinary text as it is", () => {
    for (
      const text of ["took 12 ms: GET /products?limit=3&sort=-price 200", '{"status":200,"tokens":3}', "http://a:80/b"]
    ) {
      expect(redact(text)).toBe(text);
    }
  });

  it("is quick on long lines that are made to be slow", () => {
    const started = performance.now();
    for (const unit of ["a", "a@", "://", '"', 'password":"', "eyJ", "=", "-----BEGIN PRIVATE KEY-----", "?token="]) {
      redact(unit.repeat(100_000 / unit.length));
    }
    // No timing: a pattern that backtracks would take hours, so that the test would not end.
    expect(performance.now()).toBeGreaterThan(started);
  });
});

describe("the log", () => {
  for (const [what, text, secret] of secrets) {
    it(`shows nowhere ${what}`, () => {
      let written = "";
      const log = createLog("test", { LOG_LEVEL: "DEBUG" }, { write: (line: string) => void (written += line) });
      const error = Object.assign(new Error(text), { detail: text });
      log.error({ err: error, deep: { er: { text } } }, text);
      expect(written).not.toContain(secret);
      expect(() => JSON.parse(written)).not.toThrow();
    });
  }
});

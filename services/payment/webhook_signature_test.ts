import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import Stripe from "stripe";
import { BadWebhook } from "./providers/provider.ts";
import { readJson, TOLERANCE_S, verifySignature } from "./webhook_signature.ts";
import { signatureHeader } from "./webhook_signature_testing.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const secret = "whsec_test", body = bytes('{"id":"evt_1"}'), now = 1_800_000_000;
const check = (header: string | undefined, given = body) => () => verifySignature(header, given, secret, now * 1000);
const good = signatureHeader(body, secret, now);

describe("verifySignature()", () => {
  it("takes what the sender signed", () => check(good)());

  it("takes what Stripe's SDK signs", async () => {
    const stripe = new Stripe("sk_test_x");
    const header = await stripe.webhooks.generateTestHeaderStringAsync({
      payload: '{"id":"evt_1"}',
      secret,
      timestamp: now,
    });
    check(header)();
  });

  it("takes one of two signatures, as while a secret is changed", () => {
    const [, old] = signatureHeader(body, "whsec_old", now).split(",");
    check(good.replace(",", `,${old},`))();
  });

  for (const skew of [-TOLERANCE_S, TOLERANCE_S]) {
    it(`takes a time ${skew} s off`, () => check(signatureHeader(body, secret, now + skew))());
    it(`refuses a time ${skew + Math.sign(skew)} s off`, () => {
      expect(check(signatureHeader(body, secret, now + skew + Math.sign(skew)))).toThrow(BadWebhook);
    });
  }

  const refused: [name: string, header: string | undefined][] = [
    ["no header", undefined],
    ["an empty one", ""],
    ["one without a time", good.split(",")[1]],
    ["one without a signature", `t=${now}`],
    ["another secret's", signatureHeader(body, "whsec_other", now)],
    ["another time's", good.replace(`t=${now}`, `t=${now + 1}`)],
    ["a cut one", good.slice(0, -2)],
    ["the old scheme", good.replace("v1=", "v0=")],
    ["no number", good.replace(`t=${now}`, "t=NaN")],
  ];
  for (const [name, header] of refused) it(`refuses ${name}`, () => expect(check(header)).toThrow(BadWebhook));

  it("refuses a body with one byte changed, even a space", () => {
    expect(check(good, bytes('{"id": "evt_1"}'))).toThrow(BadWebhook);
  });
});

describe("readJson()", () => {
  for (const text of ["", "[]", "null", "1", '"x"', "{", "\ufeff\u0000"]) {
    it(`refuses ${JSON.stringify(text)}`, () => expect(() => readJson(bytes(text))).toThrow(BadWebhook));
  }
  it("refuses what is no UTF-8", () => expect(() => readJson(new Uint8Array([0xff, 0x7b]))).toThrow(BadWebhook));
});

import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { invalid } from "../../shared/errors.ts";
import { app, get, next, webhooks } from "./payments_testing.ts";

describe("POST /payments/webhooks/{provider}", () => {
  const deliver = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}, provider = "stripe") =>
    app.request(`/payments/webhooks/${provider}`, {
      method: "POST",
      headers: { "Content-Type": "application/json; charset=utf-8", ...headers },
      body,
    });

  it("takes no notice of an Authorization header, whatever it holds", async () => {
    for (const Authorization of ["Basic eDp5", "Bearer", "Bearer no.such.token"]) {
      expect((await deliver("{}", { Authorization })).status).toBe(200);
    }
  });

  it("hands on the very bytes, and of the headers only signatures", async () => {
    const raw = '{ "id":"evt_1",\r\n "x":"\u00e9 \\u00e9", "x": 1.0 }\n';
    const response = await deliver(raw, {
      "Stripe-Signature": "t=1,v1=2",
      "Webhook-Id": "w",
      Cookie: "c",
    });
    expect([response.status, await response.json()]).toEqual([200, { received: true }]);
    expect(webhooks.at(-1)?.provider).toBe("stripe");
    expect(new TextDecoder().decode(webhooks.at(-1)?.body)).toBe(raw);
    expect(webhooks.at(-1)?.headers).toEqual({ "stripe-signature": "t=1,v1=2", "webhook-id": "w" });
  });

  it("leaves it to the signature what is JSON or text at all", async () => {
    const bytes = new Uint8Array([0xff, 0x00, 0x7b]);
    expect((await deliver(bytes)).status).toBe(200);
    expect(webhooks.at(-1)?.body).toEqual(bytes);
    expect((await deliver("4242 4242 4242 4242")).status).toBe(200);
  });

  it("answers 400 for a forged one, with no detail", async () => {
    next.refusal = invalid("invalid_webhook", "The webhook is not valid.");
    const response = await deliver("{}");
    next.refusal = undefined;
    const { code, detail, errors } = await response.json();
    expect([response.status, code, detail, errors]).toEqual([
      400,
      "invalid_webhook",
      "The webhook is not valid.",
      undefined,
    ]);
  });

  it("takes 256 KiB and refuses more, whether the length is told or not", async () => {
    const before = webhooks.length;
    expect((await deliver("x".repeat(256 * 1024))).status).toBe(200);
    expect((await deliver("x".repeat(256 * 1024 + 1))).status).toBe(413);
    const endless = new ReadableStream({ pull: (control) => control.enqueue(new Uint8Array(64 * 1024)) });
    const chunked = await app.request("/payments/webhooks/stripe", {
      method: "POST",
      headers: { "Content-Type": "application/json", "Transfer-Encoding": "chunked" },
      body: endless,
    });
    expect(chunked.status).toBe(413);
    expect(webhooks.length).toBe(before + 1);
  });

  it("is only for POST, and shows in the document without a sign-in", async () => {
    expect((await get("/payments/webhooks/stripe")).status).toBe(404);
    const { body } = await get("/openapi.json");
    const path = body.paths["/payments/webhooks/{provider}"];
    expect([path.get, path.put, typeof path.post]).toEqual([undefined, undefined, "object"]);
    for (const path of ["/payments/{id}/capture", "/payments/{id}/void", "/payments/settings"]) {
      expect(body.paths).toHaveProperty([path]);
    }
  });
});

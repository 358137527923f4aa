import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { conflict } from "../../shared/errors.ts";
import { newId } from "../../shared/ids.ts";
import { app, asked, get, money, next, operations, payment, post, refund } from "./payments_testing.ts";

describe("/payments", () => {
  it("shows anyone the methods", async () => {
    expect(await get("/payments/methods")).toMatchObject({
      status: 200,
      body: { data: [{ id: "test", name: "Test card", kind: "card" }] },
    });
  });

  it("shows a payment as the contract has it, without its store, and not to be kept", async () => {
    const { response, body } = await get(`/payments/${payment.id}`, "customer");
    const { store_id: _, ...shown } = payment;
    expect(body).toEqual({ ...shown, create_time: "2026-11-22T09:30:00.000Z" });
    expect(response.headers.get("Cache-Control")).toBe("no-store");
  });

  it("lists a page for staff, and refuses a stranger and a customer", async () => {
    expect((await get("/payments?count=exact&status=captured", "support")).body).toMatchObject({
      data: [{ id: payment.id }],
      next_cursor: "next",
      total: 7,
    });
    expect([(await get("/payments")).status, (await get("/payments", "customer")).status]).toEqual([401, 403]);
  });

  for (const query of ["limit=0", "order_id=1", "status=paid"]) {
    it(`refuses ?${query}`, async () => expect((await get(`/payments?${query}`, "support")).status).toBe(400));
  }

  it("lists refunds", async () => {
    expect((await get(`/payments/${payment.id}/refunds`, "customer")).body).toMatchObject({
      data: [{ id: refund.id, amount: money(500) }],
      next_cursor: null,
    });
    expect((await get(`/payments/${payment.id}/refunds`)).status).toBe(401);
  });
});

describe("POST /payments/{id}/refunds", () => {
  it("makes a refund under the client's key", async () => {
    const items = [{ id: newId(), quantity: 2 }];
    const { response, status, body } = await post({ items, restock: true, reason: "broken" }, "support", {
      key: "my key",
    });
    expect([status, response.headers.get("Idempotent-Replayed")]).toEqual([201, null]);
    expect(body).toEqual({ ...refund, create_time: "2026-11-22T09:31:00.000Z" });
    expect(asked.at(-1)).toMatchObject({
      payment_id: payment.id,
      items,
      restock: true,
      reason: "broken",
      idempotency_key: { key: "my key" },
    });
    expect(asked.at(-1)?.amount).toBe(undefined);
  });

  it("takes money, or a bare amount in the payment's currency", async () => {
    await post({ amount: money(5), reason: "x" }, "manager");
    expect(asked.at(-1)?.amount).toEqual(money(5));
    await post({ amount: 5, reason: "x" }, "manager");
    expect(asked.at(-1)?.amount).toEqual({ amount: 5, currency: "" });
  });

  it("says when the answer is the stored one", async () => {
    next.replayed = true;
    const { response, status } = await post({ reason: "x" }, "support");
    next.replayed = false;
    expect([status, response.headers.get("Idempotent-Replayed")]).toEqual([201, "true"]);
  });

  it("passes on what is refundable", async () => {
    next.refusal = conflict("over_refund", "Too much.", { refundable: money(1) });
    const { status, body } = await post({ reason: "x" }, "support");
    next.refusal = undefined;
    expect([status, body.code, body.refundable]).toEqual([409, "over_refund", money(1)]);
  });

  const refusals: [name: string, given: Parameters<typeof post>, status: number, code: string, pointer?: string][] = [
    ["a stranger, whatever the body", [{ nonsense: 1 }], 401, "unauthenticated"],
    ["a customer, whatever the body", [{ nonsense: 1 }, "customer"], 403, "forbidden"],
    ["an unknown payment, whatever the body", [{ nonsense: 1 }, "support", { id: newId() }], 404, "payment_not_found"],
    [
      "a request without a key",
      [{ reason: "x" }, "support", { key: "" }],
      400,
      "idempotency_key_required",
      "/Idempotency-Key",
    ],
    [
      "a key of 256 characters",
      [{ reason: "x" }, "support", { key: "k".repeat(256) }],
      400,
      "idempotency_key_invalid",
      "/Idempotency-Key",
    ],
    ["an unknown field", [{ reason: "x", status: "succeeded" }, "support"], 400, "unknown_field", "/status"],
    ["no reason", [{}, "support"], 400, "invalid_field", "/reason"],
    [
      "half a unit",
      [{ reason: "x", items: [{ id: newId(), quantity: 0.5 }] }, "support"],
      400,
      "invalid_field",
      "/items/0/quantity",
    ],
    [
      "a line that is no id",
      [{ reason: "x", items: [{ id: "1", quantity: 1 }] }, "support"],
      400,
      "invalid_field",
      "/items/0/id",
    ],
    [
      "half a cent",
      [{ reason: "x", amount: { amount: 0.5, currency: "USD" } }, "support"],
      400,
      "invalid_field",
      "/amount/amount",
    ],
    ["a card number", [{ reason: "4242 4242 4242 4242" }, "support"], 422, "card_number_refused", "/reason"],
    ["one in no field", [{ reason: "x", card: "4242424242424242" }, "support"], 422, "card_number_refused", "/card"],
  ];
  for (const [name, given, status, code, pointer] of refusals) {
    it(`refuses ${name} with ${status} ${code}`, async () => {
      const before = asked.length;
      const { response, body } = await post(...given);
      expect([response.status, body.code, body.errors?.[0]?.pointer]).toEqual([status, code, pointer]);
      expect(asked.length).toBe(before);
    });
  }
});

describe("POST /payments/{id}/capture and /void", () => {
  it("capture all without a body, or with an empty one: the same request", async () => {
    for (const body of [undefined, {}]) {
      const { status, body: shown } = await post(body, "manager", { what: "capture", key: "c" });
      expect([status, shown.id]).toEqual([200, payment.id]);
      expect(shown).not.toHaveProperty("store_id");
      expect(operations.at(-1)).toMatchObject({ payment_id: payment.id, idempotency_key: { key: "c" } });
      expect(operations.at(-1)?.amount).toBe(undefined);
    }
    expect(new Set(operations.slice(-2).map((made) => made.idempotency_key?.fingerprint)).size).toBe(1);
  });

  it("take an empty body of a JSON type for none", async () => {
    for (const what of ["capture", "void"]) {
      await post(undefined, "manager", { what });
      for (const type of ["application/json", "application/json;", "application/vnd.shop.v2+json"]) {
        const { status } = await app.request(`/payments/${payment.id}/${what}`, {
          method: "POST",
          headers: {
            "Content-Type": type,
            "Content-Length": "0",
            Authorization: "Bearer manager",
            "Idempotency-Key": "k1",
          },
        });
        expect([what, type, status]).toEqual([what, type, 200]);
      }
      expect(new Set(operations.slice(-4).map((made) => made.idempotency_key?.fingerprint)).size).toBe(1);
    }
  });

  it("capture a part, as money or bare", async () => {
    await post({ amount: money(5) }, "manager", { what: "capture" });
    expect(operations.at(-1)?.amount).toEqual(money(5));
    await post({ amount: 5 }, "manager", { what: "capture" });
    expect(operations.at(-1)?.amount).toEqual({ amount: 5, currency: "" });
  });

  it("answer 202 while the provider has not, and say when the answer is the stored one", async () => {
    for (const what of ["capture", "void"]) {
      [next.pending, next.replayed] = [true, true];
      const { response, status } = await post(undefined, "manager", { what });
      [next.pending, next.replayed] = [false, false];
      expect([status, response.headers.get("Idempotent-Replayed")]).toEqual([202, "true"]);
    }
  });

  it("pass a refusal on", async () => {
    next.refusal = conflict("over_capture", "Too much.", { capturable: money(1) });
    const { status, body } = await post(undefined, "manager", { what: "capture" });
    next.refusal = undefined;
    expect([status, body.code, body.capturable]).toEqual([409, "over_capture", money(1)]);
  });

  for (const what of ["capture", "void"]) {
    const refusals: [name: string, given: Parameters<typeof post>, status: number, code: string][] = [
      ["a stranger", [{ nonsense: 1 }, undefined, { what }], 401, "unauthenticated"],
      ["a customer", [{ nonsense: 1 }, "customer", { what }], 403, "forbidden"],
      ["support staff", [{ nonsense: 1 }, "support", { what }], 403, "forbidden"],
      ["an unknown payment", [{ nonsense: 1 }, "manager", { what, id: newId() }], 404, "payment_not_found"],
      ["no key", [{}, "manager", { what, key: "" }], 400, "idempotency_key_required"],
      ["an unknown field", [{ status: "captured" }, "manager", { what }], 400, "unknown_field"],
      ["an array", [[], "manager", { what }], 400, "invalid_field"],
      ["a card number", [{ card: "4242424242424242" }, "manager", { what }], 422, "card_number_refused"],
    ];
    for (const [name, given, status, code] of refusals) {
      it(`refuse ${name} to ${what} with ${status} ${code}`, async () => {
        const before = operations.length;
        const { response, body } = await post(...given);
        expect([response.status, body.code]).toEqual([status, code]);
        expect(operations.length).toBe(before);
      });
    }
  }
});

describe("/payments/settings", () => {
  const put = (body: unknown, role?: string) =>
    app.request("/payments/settings", {
      method: "PUT",
      headers: { "Content-Type": "application/json", ...(role ? { Authorization: `Bearer ${role}` } : {}) },
      body: JSON.stringify(body),
    });

  it("shows staff how the store takes payments", async () => {
    expect(await get("/payments/settings", "support")).toMatchObject({ status: 200, body: { capture: "automatic" } });
    expect([(await get("/payments/settings")).status, (await get("/payments/settings", "customer")).status]).toEqual([
      401,
      403,
    ]);
  });

  it("lets managers change it", async () => {
    const response = await put({ capture: "manual" }, "manager");
    expect([response.status, await response.json()]).toEqual([200, { capture: "manual" }]);
  });

  const refusals: [name: string, body: unknown, role: string | undefined, status: number][] = [
    ["a stranger", {}, undefined, 401],
    ["support staff", {}, "support", 403],
    ["nothing", {}, "manager", 400],
    ["another way", { capture: "later" }, "manager", 400],
    ["more", { capture: "manual", store_id: newId() }, "manager", 400],
  ];
  for (const [name, body, role, status] of refusals) {
    it(`refuses ${name} with ${status}`, async () => expect((await put(body, role)).status).toBe(status));
  }
});

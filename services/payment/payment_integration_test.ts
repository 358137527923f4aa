import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { SYSTEM } from "../shared/context.ts";
import { newId } from "../shared/ids.ts";
import {
  as,
  authorize,
  becomes,
  charges,
  client,
  database,
  events,
  eventually,
  ledger,
  manager,
  mug,
  paid,
  refund,
  refusal,
  reports,
  request,
  shirt,
  startPayment,
  stopPayment,
  store_id,
  support,
} from "./testing.ts";

before(startPayment);
after(stopPayment);

describe("Authorize", () => {
  it("captures at once, writes the ledger, and tells the merchants", async () => {
    const payment = await paid();
    expect(payment).toMatchObject({
      amount: { amount: 1501, currency: "USD" },
      captured_amount: { amount: 1501 },
      refunded_amount: { amount: 0 },
    });
    expect(await ledger(payment.id)).toEqual({ provider: 1501, store: -1501 });
    const event = await eventually(() => events.find((event) => event.data_json.includes(payment.id)));
    expect(event).toMatchObject({ type: "payment.captured", store_id });
    expect(JSON.parse(event.data_json).payment).toMatchObject({ id: payment.id, status: "captured" });
  });

  it("charges once however often it is asked at the same time", async () => {
    const asked = request("tok_ok");
    const answers = await Promise.all(Array.from({ length: 8 }, () => authorize(asked)));
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set(["captured"]));
    expect(await charges(asked.order_id)).toHaveLength(1);
    expect(await ledger(asked.payment_id)).toEqual({ provider: 1501, store: -1501 });
  });

  it("answers a retry with the same decline, and lets a new attempt pay", async () => {
    const asked = request("tok_declined");
    expect(await authorize(asked)).toMatchObject({ status: "declined", failure_code: "card_declined" });
    expect(await authorize(asked)).toMatchObject({ status: "declined", failure_code: "card_declined" });
    expect(await authorize({ ...asked, payment_id: newId(), attempt: 2, token: "tok_ok" })).toMatchObject({
      status: "captured",
    });
  });

  const declines: [token: string, failure_code: string][] = [
    ["tok_insufficient_funds", "insufficient_funds"],
    ["tok_error", "provider_error"],
    ["tok_from_elsewhere", "invalid_token"],
  ];
  for (const [token, failure_code] of declines) {
    it(`ends declined with ${failure_code} for ${token}`, async () => {
      const asked = request(token);
      expect(await authorize(asked)).toMatchObject({
        status: "declined",
        failure_code,
        captured_amount: { amount: 0 },
      });
      expect((await charges(asked.order_id)).filter((charge) => charge.status === "captured")).toEqual([]);
    });
  }

  it("refuses a second payment of a paid order with already_paid", async () => {
    const { order_id } = await paid();
    const { code, kind } = await refusal(authorize(request("tok_ok", { order_id, attempt: 2 })));
    expect([code, kind]).toEqual(["already_paid", "conflict"]);
    expect(await charges(order_id)).toHaveLength(1);
  });

  it("is unknown when the provider charges and never answers; then refuses another payment, asks, and reports the one charge", async () => {
    const asked = request("tok_timeout_after_charge");
    const answer = await authorize(asked, 1_500);
    expect(answer.status).toBe("unknown");
    const second = await refusal(authorize({ ...asked, payment_id: newId(), attempt: 2, token: "tok_ok" }));
    expect(["payment_in_progress", "already_paid"]).toContain(second.code);
    await becomes(asked.payment_id, "captured");
    expect(await charges(asked.order_id)).toHaveLength(1);
    const report = await eventually(() => reports.find(({ payment }) => payment?.id === asked.payment_id));
    expect(report.payment?.status).toBe("captured");
    expect(await ledger(asked.payment_id)).toEqual({ provider: 1501, store: -1501 });
  });

  it("refuses the same payment with another amount, currency or method", async () => {
    const asked = request("tok_ok");
    await authorize(asked);
    const others = [
      { amount: { amount: 1, currency: "USD" } },
      { amount: { amount: 1501, currency: "EUR" } },
      { method: "manual" },
    ];
    for (const other of others) expect((await refusal(authorize({ ...asked, ...other }))).code).toBe("payment_differs");
    expect(await charges(asked.order_id)).toMatchObject([{ captured_amount: 1501 }]);
  });

  it("refuses another payment while one is under way", async () => {
    const asked = request("tok_slow");
    expect(await authorize(asked, 1_500)).toMatchObject({ status: "unknown" });
    const { code } = await refusal(authorize({ ...asked, payment_id: newId(), attempt: 2, token: "tok_ok" }));
    expect(code).toBe("payment_in_progress");
  });

  it("charges by job for an intent that a crash left before the provider was called", async () => {
    const asked = request("tok_ok");
    await database.owner.query(
      `insert into payment.payments (id, order_id, store_id, attempt, method, currency, amount, provider_key, token)
       values ($1, $2::uuid, $3, 1, 'test', 'USD', 1501, $2::uuid || ':authorize:1', 'tok_ok')`,
      [asked.payment_id, asked.order_id, store_id],
    );
    await database.pool.query(
      "select payment_jobs.add_job('resolve_payment', json_build_object('payment_id', $1::text))",
      [asked.payment_id],
    );
    await becomes(asked.payment_id, "captured");
    expect(await charges(asked.order_id)).toHaveLength(1);
  });

  it("authorises a manual payment without taking money", async () => {
    const asked = request("", { method: "manual" });
    expect(await authorize(asked)).toMatchObject({ status: "authorized", captured_amount: { amount: 0 } });
    expect(await ledger(asked.payment_id)).toEqual({});
  });

  it("refuses a method that is not offered", async () => {
    expect((await refusal(authorize(request("x", { method: "cheque" })))).code).toBe("unknown_method");
  });

  it("forgets the token once the payment is final, and never shows it in the audit", async () => {
    const payment = await paid();
    const { rows: [row] } = await database.owner.query("select token from payment.payments where id = $1", [
      payment.id,
    ]);
    expect(row).toEqual({ token: null });
    const { rows } = await database.owner.query("select before, after from payment.audit_log where row_id = $1", [
      payment.id,
    ]);
    expect(rows.length).toBeGreaterThan(1);
    expect(JSON.stringify(rows)).not.toContain("tok_ok");
  });
});

describe("the audit of payments", () => {
  it("tells who wrote what in which request", async () => {
    const payment = await paid();
    const { rows: [made, moved, ...more] } = await database.owner.query(
      `select actor, request_id, network, action, store_id, before, after from payment.audit_log
       where table_name = 'payments' and row_id = $1 order by id`,
      [payment.id],
    );
    const who = { actor: "service", request_id: "test", network: "", store_id };
    expect(made).toMatchObject({ ...who, action: "insert", before: null });
    expect(made.after).toMatchObject({ status: "pending", token: "changed", guest_hash: "changed", amount: 1501 });
    expect(moved).toEqual({
      ...who,
      action: "update",
      before: { status: "pending", captured_amount: 0, token: "changed", version: 1 },
      after: { status: "captured", captured_amount: 1501, token: "changed", version: 2 },
    });
    expect(more).toEqual([]);
  });
});

describe("CancelPayments", () => {
  const cancel = (order_id: string) => as(SYSTEM, () => client.cancelPayments({ order_id, reason: "changed my mind" }));

  it("voids what is authorised and reports it", async () => {
    const asked = request("", { method: "manual" });
    await authorize(asked);
    expect((await cancel(asked.order_id)).data).toMatchObject([{ id: asked.payment_id, status: "voided" }]);
    await eventually(() =>
      reports.find(({ payment }) => payment?.id === asked.payment_id && payment.status === "voided")
    );
  });

  it("refunds what was captured, in full and once", async () => {
    const payment = await paid();
    const answers = await Promise.all([cancel(payment.order_id), cancel(payment.order_id)]);
    await becomes(payment.id, "refunded");
    expect((await cancel(payment.order_id)).data).toMatchObject([{
      status: "refunded",
      refunded_amount: { amount: 1501 },
    }]);
    expect(answers.flatMap(({ data }) => data.map(({ id }) => id))).toEqual([payment.id, payment.id]);
    expect((await charges(payment.order_id))[0]).toMatchObject({ refunded_amount: 1501 });
    expect(await ledger(payment.id)).toEqual({ provider: 0, store: 0 });
  });

  it("refunds a success that comes to light only after the order is off", async () => {
    const asked = request("tok_timeout_after_charge");
    expect((await authorize(asked, 1_200)).status).toBe("unknown");
    await cancel(asked.order_id);
    await becomes(asked.payment_id, "refunded");
    expect(await charges(asked.order_id)).toMatchObject([{ refunded_amount: 1501 }]);
  });

  it("leaves a declined payment as it is", async () => {
    const asked = request("tok_declined");
    await authorize(asked);
    expect((await cancel(asked.order_id)).data).toMatchObject([{ status: "declined" }]);
  });

  it("answers nothing for an order that was never paid", async () => {
    expect((await cancel(newId())).data).toEqual([]);
  });
});

describe("RefundPayment", () => {
  it("refunds by line, tells order what to restock, and reaches zero exactly", async () => {
    const payment = await paid();
    for (const [id, quantity, amount] of [[shirt, 1, 333], [shirt, 2, 667], [mug, 1, 251], [mug, 1, 250]] as const) {
      const answer = await refund(payment.id, { items: [{ id, quantity }], restock: true });
      expect(answer.refund).toMatchObject({
        status: "succeeded",
        amount: { amount, currency: "USD" },
        items: [{ id, quantity }],
        restock: true,
      });
    }
    expect(await as(SYSTEM, () => client.getPayment({ id: payment.id }))).toMatchObject({
      status: "refunded",
      refunded_amount: { amount: 1501 },
    });
    expect(
      (await as(manager, () => client.listRefunds({ payment_id: payment.id }))).data.map((refund) =>
        refund.amount?.amount
      ),
    ).toEqual([333, 667, 251, 250]);
    const report = await eventually(() => reports.find(({ refund }) => refund?.payment_id === payment.id));
    expect(report.refund).toMatchObject({ restock: true, status: "succeeded" });
    expect(await ledger(payment.id)).toEqual({ provider: 0, store: 0 });
  });

  it("never gives back more than was captured, however many ask at once", async () => {
    const payment = await paid();
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, () => refund(payment.id, { amount: { amount: 200, currency: "USD" } })),
    );
    const refused = answers.filter((answer) => answer.status === "rejected").map((answer) => answer.reason.code);
    expect(refused).toEqual(Array(13).fill("over_refund"));
    const { rows } = await database.owner.query(
      "select refunded_amount::int, refunding_amount::int from payment.payments where id = $1",
      [payment.id],
    );
    expect(rows).toEqual([{ refunded_amount: 1400, refunding_amount: 0 }]);
    expect(await charges(payment.order_id)).toMatchObject([{ refunded_amount: 1400 }]);
    expect(await ledger(payment.id)).toEqual({ provider: 101, store: -101 });
    expect((await refusal(refund(payment.id, { amount: { amount: 102, currency: "USD" } }))).extras.members).toEqual({
      refundable: { amount: 101, currency: "USD" },
    });
  });

  it("answers the same key with the same refund, and refuses it for another request", async () => {
    const payment = await paid();
    const idempotency_key = { key: newId(), fingerprint: "one" };
    const first = await refund(payment.id, { idempotency_key, amount: { amount: 5, currency: "USD" } });
    const second = await refund(payment.id, { idempotency_key, amount: { amount: 5, currency: "USD" } });
    expect(first.replayed).toBe(false);
    expect(second).toEqual({ ...first, replayed: true });
    const { code } = await refusal(refund(payment.id, { idempotency_key: { ...idempotency_key, fingerprint: "two" } }));
    expect(code).toBe("idempotency_key_reused");
  });

  it("makes one refund of 10 at once under one key", async () => {
    const payment = await paid();
    const idempotency_key = { key: newId(), fingerprint: "one" };
    const answers = await Promise.allSettled(Array.from({ length: 10 }, () => refund(payment.id, { idempotency_key })));
    for (const answer of answers) {
      if (answer.status === "rejected") expect(answer.reason.code).toBe("request_in_progress");
      else expect(answer.value.refund?.amount?.amount).toBe(1501);
    }
    expect((await as(manager, () => client.listRefunds({ payment_id: payment.id }))).data).toHaveLength(1);
  });

  it("keeps a refusal under its key", async () => {
    const payment = await paid();
    const idempotency_key = { key: newId(), fingerprint: "one" };
    const amount = { amount: 9999, currency: "USD" };
    expect((await refusal(refund(payment.id, { idempotency_key, amount }))).extras.replayed).toBe(undefined);
    const again = await refusal(refund(payment.id, { idempotency_key, amount }));
    expect([again.code, again.extras.replayed, again.extras.members]).toEqual(["over_refund", true, {
      refundable: { amount: 1501, currency: "USD" },
    }]);
  });

  it("asks who must confirm to be there for that over an amount", async () => {
    const { id } = await paid();
    const unconfirmed = { ...manager, step_up: true, step_up_refund_over: 5 };
    const give = (amount: number) => refund(id, { amount: { amount, currency: "USD" } }, unconfirmed);
    expect((await refusal(give(501))).code).toBe("step_up_required");
    expect((await give(500)).refund?.status).toBe("succeeded");
  });

  it("lets support refund up to its limit, managers beyond", async () => {
    const payment = await paid({ amount: { amount: 300_00, currency: "USD" }, lines: [] });
    expect((await refund(payment.id, { amount: { amount: 100_00, currency: "USD" } }, support)).refund?.status).toBe(
      "succeeded",
    );
    const refused = await refusal(refund(payment.id, { amount: { amount: 100_01, currency: "USD" } }, support));
    expect([refused.kind, refused.code]).toEqual(["forbidden", "refund_limit"]);
    expect((await refund(payment.id, {}, manager)).refund?.amount?.amount).toBe(200_00);
  });
});

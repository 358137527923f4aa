import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { SYSTEM } from "../shared/context.ts";
import { newId } from "../shared/ids.ts";
import { type ChargeState, ProviderFault } from "./providers/provider.ts";
import {
  as,
  authorize,
  becomes,
  capture,
  charges,
  client,
  database,
  events,
  eventually,
  ledger,
  manager,
  refund,
  refusal,
  reports,
  request,
  setCapture,
  startPayment,
  stopPayment,
  store_id,
  support,
  voidPayment,
} from "./testing.ts";

/** What the test provider does next instead of capturing or voiding; each is used once. */
const instead: ((real: () => Promise<ChargeState>) => Promise<ChargeState>)[] = [];

before(async () => {
  await startPayment({
    faults: (real) => ({
      capture: (order, signal) => interposed(() => real.capture(order, signal)),
      void: (order, signal) => interposed(() => real.void(order, signal)),
    }),
  });
  await setCapture("manual");
});
after(stopPayment);

function interposed(real: () => Promise<ChargeState>): Promise<ChargeState> {
  return instead.shift()?.(real) ?? real();
}

const authorized = async () => {
  const payment = await authorize(request("tok_ok"));
  expect(payment.status).toBe("authorized");
  return payment;
};

/** Never answers, whatever was done before. */
const silence = () => new Promise<never>(() => {});

describe("a store that captures later", () => {
  it("only authorises, and takes no money yet", async () => {
    const payment = await authorized();
    expect(payment).toMatchObject({ amount: { amount: 1501 }, captured_amount: { amount: 0 } });
    expect(await charges(payment.order_id)).toMatchObject([{ status: "authorized", captured_amount: 0 }]);
    expect(await ledger(payment.id)).toEqual({});
  });

  it("leaves other stores, and payments already made, as they were", async () => {
    const other = newId();
    expect((await authorize(request("tok_ok", { store_id: other }))).status).toBe("captured");
    const payment = await authorized();
    await setCapture("automatic");
    try {
      expect((await as(SYSTEM, () => client.getPayment({ id: payment.id }))).status).toBe("authorized");
      expect((await authorize(request("tok_ok"))).status).toBe("captured");
    } finally {
      await setCapture("manual");
    }
  });

  it("shows its setting to its staff, and lets its managers change it", async () => {
    expect(await as(support, () => client.getSettings({ store_id }))).toEqual({ store_id, capture: "manual" });
    expect(await as(SYSTEM, () => client.getSettings({ store_id: newId() }))).toMatchObject({ capture: "automatic" });
    expect((await refusal(setCapture("automatic", support))).kind).toBe("forbidden");
    expect((await refusal(setCapture("automatic", manager, newId()))).kind).toBe("not_found");
    expect((await refusal(setCapture("later"))).code).toBe("invalid_field");
  });
});

describe("CapturePayment", () => {
  it("takes all of it, writes the ledger, tells merchants and the order service", async () => {
    const { id, order_id } = await authorized();
    const { payment, pending } = await capture(id);
    expect(pending).toBe(false);
    expect(payment).toMatchObject({ status: "captured", captured_amount: { amount: 1501 } });
    expect(await ledger(id)).toEqual({ provider: 1501, store: -1501 });
    expect(await charges(order_id)).toMatchObject([{ status: "captured", captured_amount: 1501 }]);
    await eventually(() => events.find((event) => event.type === "payment.captured" && event.data_json.includes(id)));
    await eventually(() =>
      reports.find(({ payment }) => payment?.id === id && payment.captured_amount?.amount === 1501)
    );
  });

  it("takes a part, of which no more can be refunded than was taken", async () => {
    const { id, order_id } = await authorized();
    expect((await capture(id, 1000)).payment).toMatchObject({ status: "captured", captured_amount: { amount: 1000 } });
    expect(await charges(order_id)).toMatchObject([{ amount: 1501, captured_amount: 1000 }]);
    expect(await ledger(id)).toEqual({ provider: 1000, store: -1000 });
    expect((await refusal(refund(id, { amount: { amount: 1001, currency: "USD" } }))).code).toBe("over_refund");
    expect((await refund(id)).refund?.amount?.amount).toBe(1000);
    await becomes(id, "refunded");
  });

  it("takes a manual payment when its money arrives", async () => {
    const { id } = await authorize(request("", { method: "manual" }));
    expect((await capture(id, 1400)).payment).toMatchObject({ status: "captured", captured_amount: { amount: 1400 } });
    expect(await ledger(id)).toEqual({ provider: 1400, store: -1400 });
  });

  it("happens once of 10 at once under one key, and shows the same answer again", async () => {
    const { id } = await authorized();
    const idempotency_key = { key: newId(), fingerprint: "one" };
    const answers = await Promise.allSettled(Array.from({ length: 10 }, () => capture(id, 900, { idempotency_key })));
    for (const answer of answers) {
      if (answer.status === "rejected") expect(answer.reason.code).toBe("request_in_progress");
    }
    const again = await capture(id, 900, { idempotency_key });
    expect(again).toMatchObject({ replayed: true, payment: { status: "captured", captured_amount: { amount: 900 } } });
    expect(await ledger(id)).toEqual({ provider: 900, store: -900 });
    const other = await refusal(capture(id, 900, { idempotency_key: { ...idempotency_key, fingerprint: "two" } }));
    expect(other.code).toBe("idempotency_key_reused");
  });

  it("happens once of 10 at once under 10 keys", async () => {
    const { id } = await authorized();
    const answers = await Promise.allSettled(Array.from({ length: 10 }, () => capture(id)));
    const codes = answers.map((answer) => answer.status === "rejected" ? answer.reason.code : "captured");
    expect(codes.filter((code) => code === "captured")).toHaveLength(1);
    for (const code of codes) expect(["captured", "payment_in_progress", "payment_not_capturable"]).toContain(code);
    expect(await ledger(id)).toEqual({ provider: 1501, store: -1501 });
  });

  it("does not race a void: one of them wins", async () => {
    for (let round = 0; round < 5; round++) {
      const { id, order_id } = await authorized();
      await Promise.allSettled([capture(id), voidPayment(id)]);
      const { status } = await eventually(async () => {
        const payment = await as(SYSTEM, () => client.getPayment({ id }));
        return payment.status === "authorized" ? undefined : payment;
      });
      const [charge] = await charges(order_id);
      expect(charge?.status).toBe(status);
      expect(await ledger(id)).toEqual(status === "captured" ? { provider: 1501, store: -1501 } : {});
    }
  });

  const refusals: [name: string, given: (id: string) => Promise<unknown>, code: string][] = [
    ["more than was authorised", (id) => capture(id, 1502), "over_capture"],
    ["nothing", (id) => capture(id, 0), "invalid_field"],
    ["less than nothing", (id) => capture(id, -1), "invalid_field"],
    [
      "another currency",
      (id) => capture(id, undefined, { amount: { amount: 1, currency: "EUR" } }),
      "currency_mismatch",
    ],
    [
      "no key",
      (id) => capture(id, undefined, { idempotency_key: { key: "", fingerprint: "" } }),
      "idempotency_key_required",
    ],
    ["support staff", (id) => capture(id, undefined, {}, support), "forbidden"],
    ["another store's manager", (id) => capture(id, undefined, {}, elsewhere), "payment_not_found"],
    ["a stranger", (id) => capture(id, undefined, {}, { kind: "anonymous", store_roles: [] }), "unauthenticated"],
    ["an unknown payment", () => capture(newId()), "payment_not_found"],
    ["what is no id", () => capture("x"), "forbidden|payment_not_found"],
  ];
  const elsewhere = { ...manager, store_roles: [{ store_id: newId(), role: "manager" }] };
  for (const [name, given, code] of refusals) {
    it(`refuses ${name} with ${code}`, async () => {
      const { id } = await authorized();
      expect(code.split("|")).toContain((await refusal(given(id))).code);
      expect(await ledger(id)).toEqual({});
    });
  }

  it("refuses a payment that is captured or voided already, with its status, and keeps the refusal", async () => {
    const { id } = await authorized();
    await voidPayment(id);
    const idempotency_key = { key: newId(), fingerprint: "one" };
    const first = await refusal(capture(id, undefined, { idempotency_key }));
    expect([first.code, first.extras.members]).toEqual(["payment_not_capturable", { payment_status: "voided" }]);
    expect((await refusal(capture(id, undefined, { idempotency_key }))).extras.replayed).toBe(true);
  });

  it("goes on by job when the provider captures and does not answer", async () => {
    const { id, order_id } = await authorized();
    instead.push((real) => real().then(silence));
    const idempotency_key = { key: newId(), fingerprint: "one" };
    const asked = as(manager, () => client.capturePayment({ payment_id: id, idempotency_key }), 2_000);
    expect(await asked).toMatchObject({ pending: true, payment: { status: "authorized" } });
    await becomes(id, "captured");
    expect(await charges(order_id)).toMatchObject([{ captured_amount: 1501 }]);
    expect(await ledger(id)).toEqual({ provider: 1501, store: -1501 });
    expect(await capture(id, undefined, { idempotency_key: { ...idempotency_key } })).toMatchObject({
      replayed: true,
      payment: { status: "captured" },
    });
  });

  it("keeps no refusal of what another one was in the way of", async () => {
    const { id } = await authorized();
    instead.push((real) => real().then(silence));
    const first = { key: newId(), fingerprint: "one" };
    await as(manager, () => client.capturePayment({ payment_id: id, idempotency_key: first }), 2_000);
    const idempotency_key = { key: newId(), fingerprint: "two" };
    expect((await refusal(capture(id, undefined, { idempotency_key }))).code).toBe("payment_in_progress");
    await becomes(id, "captured");
    expect((await refusal(capture(id, undefined, { idempotency_key }))).code).toBe("payment_not_capturable");
  });

  it("goes on by job when the line to the provider breaks, which may capture all the same", async () => {
    const { id } = await authorized();
    instead.push(() => Promise.reject(new TypeError("connection reset")));
    expect(await capture(id)).toMatchObject({ pending: true, payment: { status: "authorized" } });
    await becomes(id, "captured");
    expect(await ledger(id)).toEqual({ provider: 1501, store: -1501 });
  });

  it("is refused for good when the provider refuses, and the payment stays capturable", async () => {
    const { id } = await authorized();
    instead.push(() => Promise.reject(new ProviderFault("no")));
    const idempotency_key = { key: newId(), fingerprint: "one" };
    const first = await refusal(capture(id, undefined, { idempotency_key }));
    expect([first.code, first.extras.members]).toEqual(["capture_failed", { failure_code: "provider_error" }]);
    expect((await refusal(capture(id, undefined, { idempotency_key }))).extras.replayed).toBe(true);
    expect((await capture(id)).payment?.status).toBe("captured");
  });

  it("finds an authorisation that has ended at the provider voided", async () => {
    const { id, order_id } = await authorized();
    await database.owner.query("update payment.test_charges set status = 'voided' where key = $1", [
      `${order_id}:authorize:1`,
    ]);
    const { code, extras } = await refusal(capture(id));
    expect([code, extras.members]).toEqual(["capture_failed", { failure_code: "authorization_ended" }]);
    await becomes(id, "voided");
    await eventually(() => reports.find(({ payment }) => payment?.id === id && payment.status === "voided"));
  });

  it("finds an authorisation that the provider has lost voided, too", async () => {
    const { id, order_id } = await authorized();
    await database.owner.query("delete from payment.test_charges where key = $1", [`${order_id}:authorize:1`]);
    const { code, extras } = await refusal(capture(id));
    expect([code, extras.members]).toEqual(["capture_failed", { failure_code: "authorization_ended" }]);
    await becomes(id, "voided");
  });

  it("takes no money for an order that is off", async () => {
    const { id, order_id } = await authorized();
    instead.push(silence);
    await as(SYSTEM, () => client.cancelPayments({ order_id, reason: "changed my mind" }), 2_000);
    expect((await refusal(capture(id))).code).toBe("payment_not_capturable");
    await becomes(id, "voided");
  });
});

describe("VoidPayment", () => {
  it("lets go of the money, once, and tells the order service", async () => {
    const { id, order_id } = await authorized();
    const idempotency_key = { key: newId(), fingerprint: "one" };
    expect((await voidPayment(id, { idempotency_key })).payment?.status).toBe("voided");
    expect(await voidPayment(id, { idempotency_key })).toMatchObject({ replayed: true, payment: { status: "voided" } });
    expect(await charges(order_id)).toMatchObject([{ status: "voided", captured_amount: 0 }]);
    expect(await ledger(id)).toEqual({});
    await eventually(() => reports.find(({ payment }) => payment?.id === id && payment.status === "voided"));
  });

  it("refuses money that was taken", async () => {
    const { id } = await authorized();
    await capture(id);
    const { code, extras } = await refusal(voidPayment(id));
    expect([code, extras.members]).toEqual(["payment_not_voidable", { payment_status: "captured" }]);
  });

  it("refuses support staff", async () => {
    const { id } = await authorized();
    expect((await refusal(voidPayment(id, {}, support))).kind).toBe("forbidden");
  });

  it("goes on by job when the provider does not answer", async () => {
    const { id } = await authorized();
    instead.push(silence);
    const idempotency_key = { key: newId(), fingerprint: "one" };
    const asked = as(manager, () => client.voidPayment({ payment_id: id, idempotency_key }), 2_000);
    expect(await asked).toMatchObject({ pending: true });
    await becomes(id, "voided");
  });
});

describe("CancelPayments of an authorised payment", () => {
  const cancel = (order_id: string) => as(SYSTEM, () => client.cancelPayments({ order_id, reason: "changed my mind" }));

  it("voids it at the provider", async () => {
    const { order_id } = await authorized();
    expect((await cancel(order_id)).data).toMatchObject([{ status: "voided" }]);
    expect(await charges(order_id)).toMatchObject([{ status: "voided" }]);
    expect((await cancel(order_id)).data).toMatchObject([{ status: "voided" }]);
  });

  it("refunds it where a capture that was under way has won", async () => {
    const { id, order_id } = await authorized();
    instead.push((real) => real().then(silence));
    const idempotency_key = { key: newId(), fingerprint: "one" };
    await as(manager, () => client.capturePayment({ payment_id: id, idempotency_key }), 2_000);
    await cancel(order_id);
    await becomes(id, "refunded");
    expect(await charges(order_id)).toMatchObject([{
      status: "captured",
      captured_amount: 1501,
      refunded_amount: 1501,
    }]);
    expect(await ledger(id)).toEqual({ provider: 0, store: 0 });
  });
});

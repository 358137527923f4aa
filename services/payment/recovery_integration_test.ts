import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { type PaymentServiceServer, PaymentServiceService } from "../../proto/gen/nano/payment/v1/payment.ts";
import { SYSTEM } from "../shared/context.ts";
import { connect } from "../shared/grpc.ts";
import { newId } from "../shared/ids.ts";
import { createLog } from "../shared/log.ts";
import { registry } from "../shared/metrics.ts";
import type { Deps } from "./deps.ts";
import { showRefusedRefunds } from "./payment_metrics.ts";
import type { RefundState } from "./providers/provider.ts";
import { endRefund } from "./refund_payment.ts";
import { settlePayment } from "./settle_payment.ts";
import {
  as,
  authorize,
  becomes,
  charges,
  client,
  database,
  eventually,
  jobs,
  ledger,
  manager,
  mug,
  paid,
  refund,
  reports,
  repository,
  request,
  setCapture,
  shirt,
  startPayment,
  stopPayment,
} from "./testing.ts";

/** What the test provider answers next instead of refunding; each is used once. */
const instead: (() => RefundState)[] = [];
/** What the service logged as errors. */
const errors: unknown[][] = [];

before(() =>
  startPayment({
    log: Object.assign(Object.create(createLog("payment", { LOG_LEVEL: "ERROR" })), {
      error: (...line: unknown[]) => void errors.push(line),
    }),
    faults: (real) => ({
      refund: (order, signal) => {
        const answer = instead.shift();
        return answer ? Promise.resolve(answer()) : real.refund(order, signal);
      },
    }),
  })
);
after(stopPayment);

/** The payment service as a process of its own on the same database; `failpoints` say where it dies. */
async function startProcess(failpoints = "") {
  const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const second = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [port, httpPort] = [free.addr.port, second.addr.port];
  free.close();
  second.close();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "-A", "services/payment/main.ts"],
    env: {
      DATABASE_URL: database.url,
      HOST: "127.0.0.1",
      PORT: String(port),
      HTTP_PORT: String(httpPort),
      LOG_LEVEL: "ERROR",
      // Nobody is there: what it would tell is told by the service that survives.
      ORDER_SERVICE_URL: "127.0.0.1:1",
      STORE_SERVICE_URL: "127.0.0.1:1",
      ...(failpoints ? { FAILPOINTS: failpoints } : {}),
    },
    stdout: "null",
    stderr: "null",
  }).spawn();
  await eventually(() =>
    fetch(`http://127.0.0.1:${httpPort}/readyz`).then(async (answer) => {
      await answer.body?.cancel();
      return answer.ok || undefined;
    }, () => undefined)
  );
  return {
    client: connect<PaymentServiceServer>(PaymentServiceService, `127.0.0.1:${port}`),
    kill: () => child.kill("SIGKILL"),
    ended: child.status,
  };
}

/** Calls a process that dies over it. */
async function dies(
  process: Awaited<ReturnType<typeof startProcess>>,
  call: (rpc: typeof process.client) => Promise<unknown>,
  actor = SYSTEM,
): Promise<void> {
  await expect(as(actor, () => call(process.client))).rejects.toThrow();
  process.client.close();
  expect((await process.ended).success).toBe(false);
}

/** Brings the job of something left half-done forward, which else waits until no request can be at work on it. */
async function hurry(key: string): Promise<void> {
  const { rowCount } = await database.owner.query(
    "update payment_jobs._private_jobs set run_at = now(), locked_at = null, locked_by = null where key = $1",
    [key],
  );
  expect(rowCount).toBe(1);
}

describe("a payment service that is killed", () => {
  it("by kill -9 after the provider said yes has its payment found captured, once, and reported", async () => {
    const process = await startProcess();
    const asked = request("tok_timeout_after_charge");
    const dying = dies(process, (rpc) => rpc.authorize(asked));
    await eventually(async () => (await charges(asked.order_id)).length || undefined);
    process.kill();
    await dying;
    expect((await as(SYSTEM, () => client.getPayment({ id: asked.payment_id }))).status).toBe("pending");
    await hurry(`resolve:${asked.payment_id}`);
    await becomes(asked.payment_id, "captured");
    expect(await charges(asked.order_id)).toHaveLength(1);
    expect(await ledger(asked.payment_id)).toEqual({ provider: 1501, store: -1501 });
    await eventually(() => reports.find(({ payment }) => payment?.id === asked.payment_id));
  });

  it("after a capture that the provider made has it written down, and the client's key answers it", async () => {
    await setCapture("manual");
    const { id, order_id } = await authorize(request("tok_ok"));
    await setCapture("automatic");
    const idempotency_key = { key: newId(), fingerprint: "one" };
    const asked = { payment_id: id, idempotency_key };
    await dies(await startProcess("payment.after_capture=kill"), (rpc) => rpc.capturePayment(asked), manager);
    expect(await charges(order_id)).toMatchObject([{ status: "captured", captured_amount: 1501 }]);
    const { rows: [operation] } = await database.owner.query(
      "select id from payment.payment_operations where payment_id = $1 and status = 'pending'",
      [id],
    );
    await hurry(`operation:${operation?.id}`);
    await becomes(id, "captured");
    expect(await ledger(id)).toEqual({ provider: 1501, store: -1501 });
    expect(await as(manager, () => client.capturePayment(asked))).toMatchObject({
      replayed: true,
      payment: { status: "captured", captured_amount: { amount: 1501 } },
    });
  });

  it("after a refund that the provider made has it written down, once", async () => {
    const payment = await paid();
    const idempotency_key = { key: newId(), fingerprint: "one" };
    const asked = {
      payment_id: payment.id,
      idempotency_key,
      amount: { amount: 500, currency: "USD" },
      items: [],
      restock: false,
      reason: "broken",
    };
    await dies(await startProcess("payment.after_refund=kill"), (rpc) => rpc.refundPayment(asked), manager);
    expect(await charges(payment.order_id)).toMatchObject([{ refunded_amount: 500 }]);
    const { data: [pending] } = await as(SYSTEM, () => client.listRefunds({ payment_id: payment.id }));
    expect(pending?.status).toBe("pending");
    await hurry(`refund:${pending?.id}`);
    await becomes(payment.id, "partially_refunded");
    expect(await charges(payment.order_id)).toMatchObject([{ refunded_amount: 500 }]);
    expect(await ledger(payment.id)).toEqual({ provider: 1001, store: -1001 });
    expect(await as(manager, () => client.refundPayment(asked))).toMatchObject({
      replayed: true,
      refund: { id: pending?.id, status: "succeeded" },
    });
  });
});

describe("a refund that can't be written down after the provider made it", () => {
  /** The database refuses what the provider says, for a while. */
  const breakBooks = () =>
    database.owner.query(
      "alter table payment.refunds add constraint broken check (status = 'pending') not valid",
    );
  const mendBooks = () => database.owner.query("alter table payment.refunds drop constraint if exists broken");

  it("is resumed by its job, or by the same key at once, and made once", async () => {
    for (const how of ["key", "job"]) {
      const payment = await paid();
      const asked = {
        payment_id: payment.id,
        idempotency_key: { key: newId(), fingerprint: "one" },
        amount: { amount: 500, currency: "USD" },
        items: [],
        restock: false,
        reason: "broken",
      };
      await breakBooks();
      try {
        await expect(as(manager, () => client.refundPayment(asked))).rejects.toMatchObject({ kind: "internal" });
      } finally {
        await mendBooks();
      }
      expect(await charges(payment.order_id)).toMatchObject([{ refunded_amount: 500 }]);
      if (how === "job") await becomes(payment.id, "partially_refunded");
      const { refund } = await as(manager, () => client.refundPayment(asked));
      expect(refund).toMatchObject({ status: "succeeded", amount: { amount: 500 } });
      expect(await charges(payment.order_id)).toMatchObject([{ refunded_amount: 500 }]);
      expect(await ledger(payment.id)).toEqual({ provider: 1001, store: -1001 });
    }
  });
});

describe("what a provider does not settle at once", () => {
  it("is settled by job: tok_slow is unknown, then captured once, and reported", async () => {
    const asked = request("tok_slow");
    expect((await authorize(asked, 1_500)).status).toBe("unknown");
    await becomes(asked.payment_id, "captured");
    expect(await charges(asked.order_id)).toHaveLength(1);
    await eventually(() =>
      reports.find(({ payment }) => payment?.id === asked.payment_id && payment.status === "captured")
    );
  });

  for (const [name, end] of [["succeeds", "succeeded"], ["fails", "failed"]] as const) {
    it(`is a refund that stays pending and then ${name}`, async () => {
      const payment = await paid();
      instead.push(() => ({ state: "pending" }), () => ({ state: "pending" }));
      if (end === "failed") instead.push(() => ({ state: "failed", failure_code: "expired_or_canceled_card" }));
      const made = await refund(payment.id, { amount: { amount: 501, currency: "USD" } });
      expect(made.refund?.status).toBe("pending");
      await eventually(async () => {
        const { data } = await as(SYSTEM, () => client.listRefunds({ payment_id: payment.id }));
        return data[0]?.status === end || undefined;
      });
      const left = end === "failed" ? 1501 : 1000;
      expect(await ledger(payment.id)).toEqual({ provider: left, store: -left });
      // What was set aside is free again, or gone.
      expect((await refund(payment.id)).refund?.amount?.amount).toBe(left);
    });
  }
});

describe("the end of a refund", () => {
  it("is written once, whoever else comes with it: what another refund has set aside stays so", async () => {
    const { id: payment_id } = await paid();
    const id = newId();
    await repository.transaction(async (tx) => {
      for (const amount of [300, 200]) await repository.reserveRefund(tx, payment_id, amount);
      await repository.insertRefund(tx, { id, payment_id, amount: 300, reason: "", restock: false, items: [] });
    });
    const made = await repository.findRefund(id);
    const log = createLog("payment", { LOG_LEVEL: "ERROR" });
    for (let times = 0; times < 2; times++) {
      await repository.transaction((tx) =>
        endRefund({ repository, log }, tx, made!, { state: "failed", failure_code: "declined" })
      );
    }
    expect((await repository.find(payment_id))?.refunding_amount).toBe(200);
  });
});

describe("refunds by line, of which an earlier one fails later", () => {
  it("come to exactly what was paid", async () => {
    const payment = await paid();
    const give = async (id: string, quantity: number) =>
      (await refund(payment.id, { items: [{ id, quantity }] })).refund;
    instead.push(() => ({ state: "pending" }));
    const first = await give(shirt, 1);
    await database.owner.query(
      "update payment_jobs._private_jobs set run_at = now() + interval '1 hour' where key = $1",
      [`refund:${first?.id}`],
    );
    const second = await give(shirt, 1);
    instead.push(() => ({ state: "failed", failure_code: "declined" }));
    await hurry(`refund:${first?.id}`);
    await eventually(async () => {
      const { data } = await as(SYSTEM, () => client.listRefunds({ payment_id: payment.id }));
      return data.find(({ id }) => id === first?.id)?.status === "failed" || undefined;
    });
    const rest = [await give(shirt, 1), await give(shirt, 1), await give(mug, 2)];
    expect([first, second, ...rest].map((made) => made?.amount?.amount)).toEqual([333, 334, 333, 333, 501]);
    await becomes(payment.id, "refunded");
  });

  it("go on from those of a release that wrote no amounts of lines down", async () => {
    const payment = await paid();
    const give = async (quantity: number) => (await refund(payment.id, { items: [{ id: shirt, quantity }] })).refund;
    const first = await give(1);
    await database.owner.query("update payment.refund_lines set amount = null where refund_id = $1", [first?.id]);
    const rest = [await give(1), await give(1), (await refund(payment.id)).refund];
    expect([first, ...rest].map((made) => made?.amount?.amount)).toEqual([333, 334, 333, 501]);
  });
});

describe("the refund of an order that is off", () => {
  const declined = (): RefundState => ({ state: "failed", failure_code: "declined" });
  const cancel = (order_id: string) => as(SYSTEM, () => client.cancelPayments({ order_id, reason: "changed my mind" }));
  const refundsOf = async (payment_id: string) =>
    (await as(SYSTEM, () => client.listRefunds({ payment_id }))).data.map(({ status }) => status);

  /** In how many seconds the payment is resolved again; undefined while no job waits for that. */
  const resolvesIn = async (payment_id: string): Promise<number | undefined> => {
    const { rows: [job] } = await database.owner.query(
      `select extract(epoch from run_at - now())::float8 as seconds from payment_jobs._private_jobs
       where key = $1 and locked_at is null`,
      [`resolve:${payment_id}`],
    );
    return job?.seconds;
  };

  it("that first is pending and then fails is tried again, and the money goes back", async () => {
    const payment = await paid();
    instead.push(() => ({ state: "pending" }), declined);
    await cancel(payment.order_id);
    // The job that looks after the payment finds everything on its way, and ends.
    await hurry(`resolve:${payment.id}`);
    await eventually(async () => await resolvesIn(payment.id) === undefined || undefined);
    const { data: [pending] } = await as(SYSTEM, () => client.listRefunds({ payment_id: payment.id }));
    await hurry(`refund:${pending?.id}`);
    await eventually(async () => (await refundsOf(payment.id))[0] === "failed" || undefined);
    expect(await resolvesIn(payment.id)).toBeGreaterThan(50);
    await hurry(`resolve:${payment.id}`);
    await becomes(payment.id, "refunded");
    expect(await refundsOf(payment.id)).toEqual(["failed", "succeeded"]);
    expect(await ledger(payment.id)).toEqual({ provider: 0, store: 0 });
  });

  it("that the provider refuses each time is tried again after growing pauses, and is seen", async () => {
    showRefusedRefunds(database.pool);
    const refused = async () => Number(/^nano_refunds_refused (\d+)$/m.exec(await registry.metrics())?.[1] ?? "NaN");
    expect(await refused()).toBe(0);
    const payment = await paid();
    instead.push(declined, declined, declined);
    await cancel(payment.order_id);
    const pauses: number[] = [];
    for (const times of [1, 2, 3]) {
      await eventually(async () => (await refundsOf(payment.id)).length === times || undefined);
      pauses.push(await eventually(() => resolvesIn(payment.id)));
      expect(await refused()).toBe(1);
      await hurry(`resolve:${payment.id}`);
    }
    for (const [index, seconds] of [60, 240, 960].entries()) {
      expect(Math.abs((pauses[index] ?? 0) - seconds)).toBeLessThan(15);
    }
    await becomes(payment.id, "refunded");
    expect(await refused()).toBe(0);
    expect(errors.filter(([facts]) => (facts as { payment_id?: string }).payment_id === payment.id)).toMatchObject(
      [1, 2, 3].map((times) => [
        { failure_code: "declined", times },
        "a provider refuses to give back the money of an order that is off",
      ]),
    );
  });

  it("that a release before forgot is taken up by the migration", async () => {
    const { id } = await paid();
    await database.owner.query("update payment.payments set cancel_requested = true where id = $1", [id]);
    const [, resume = ""] = Deno.readTextFileSync("db/migrations/payment/0012_refused_refunds.sql").split(
      /(?=^select)/m,
    );
    const owner = await database.owner.connect();
    try {
      await owner.query(`set search_path = payment; ${resume}; reset search_path`);
    } finally {
      owner.release();
    }
    await hurry(`resolve:${id}`);
    await becomes(id, "refunded");
  });

  it("that staff ask for, while the order stands, is not tried again when it fails", async () => {
    const payment = await paid();
    instead.push(declined);
    expect((await refund(payment.id)).refund?.status).toBe("failed");
    expect(await resolvesIn(payment.id)).toBe(undefined);
  });
});

describe("a payment of an order that is off, of which the provider never heard", () => {
  /** An intent whose process died before it called the provider, so many seconds ago. */
  async function intent(seconds: number) {
    const asked = request("tok_ok");
    await database.owner.query(
      `insert into payment.payments (id, order_id, store_id, attempt, method, currency, amount, provider_key, token, cancel_requested, asked_time)
       values ($1, $2::uuid, $3, 1, 'test', 'USD', 1501, $2::uuid || ':authorize:1', 'tok_ok', true, now() - $4 * interval '1 second')`,
      [asked.payment_id, asked.order_id, asked.store_id, seconds],
    );
    return asked;
  }
  const resolve = (payment_id: string) =>
    as(SYSTEM, () => jobs.resolve_payment?.({ payment_id }) ?? Promise.reject(new Error("There is no such job.")));

  it("is declined, and never charged, once no call can be on its way: after 60 s", async () => {
    const { payment_id, order_id } = await intent(61);
    await resolve(payment_id);
    expect(await as(SYSTEM, () => client.getPayment({ id: payment_id }))).toMatchObject({
      status: "declined",
      failure_code: "cancelled",
    });
    expect(await charges(order_id)).toEqual([]);
  });

  it("but that was charged goes back, though who writes that down read it before the order was off", async () => {
    const { payment_id, order_id } = await intent(0);
    await database.owner.query(
      `insert into payment.test_charges (key, status, amount, captured_amount, currency)
       values ($1, 'captured', 1501, 1501, 'USD')`,
      [`${order_id}:authorize:1`],
    );
    const payment = await repository.find(payment_id);
    const read = { ...payment!, cancel_requested: false };
    await as(
      SYSTEM,
      () => settlePayment({ repository } as Deps, read, { state: "captured", captured: 1501 }, false),
    );
    await becomes(payment_id, "refunded");
    expect(await ledger(payment_id)).toEqual({ provider: 0, store: 0 });
  });

  it("is open until then, and is asked about again", async () => {
    const { payment_id, order_id } = await intent(30);
    await expect(resolve(payment_id)).rejects.toMatchObject({ code: "unavailable" });
    expect((await as(SYSTEM, () => client.getPayment({ id: payment_id }))).status).toBe("unknown");
    expect(await charges(order_id)).toEqual([]);
  });
});

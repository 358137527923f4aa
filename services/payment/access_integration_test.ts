import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import type { Actor } from "../shared/auth.ts";
import { ANONYMOUS } from "../shared/context.ts";
import type { NanoError } from "../shared/errors.ts";
import { newId } from "../shared/ids.ts";
import {
  as,
  authorize,
  client,
  database,
  manager,
  paid,
  refund,
  refusal,
  request,
  startPayment,
  stopPayment,
  store_id,
  support,
} from "./testing.ts";

before(startPayment);
after(stopPayment);

describe("who may see payments", () => {
  const buyer: Actor = { kind: "user", user_id: newId(), role: "customer", store_roles: [] };
  const guest: Actor = { kind: "guest", guest_hash: "a".repeat(64), store_roles: [] };
  const elsewhere: Actor = { ...manager, user_id: newId(), store_roles: [{ store_id: newId(), role: "manager" }] };
  const stranger: Actor = { ...buyer, user_id: newId() };

  const sights: [name: string, actor: Actor, read: string, refund: string][] = [
    ["its buyer", buyer, "ok", "forbidden"],
    ["another customer", stranger, "payment_not_found", "forbidden"],
    ["another guest", { ...guest, guest_hash: "b".repeat(64) }, "payment_not_found", "unauthenticated"],
    ["nobody", ANONYMOUS, "unauthenticated", "unauthenticated"],
    ["staff of its store", support, "ok", "ok"],
    ["staff of another store", elsewhere, "payment_not_found", "payment_not_found"],
    ["an admin", { kind: "user", user_id: newId(), role: "admin", store_roles: [] }, "ok", "ok"],
  ];
  for (const [name, actor, read, refunds] of sights) {
    it(`answers ${name} with ${read}, and a refund with ${refunds}`, async () => {
      const { user_id = "" } = buyer;
      const { id } = await paid({ user_id });
      const codeOf = (work: Promise<unknown>) => work.then(() => "ok", (error: NanoError) => error.code);
      expect(await codeOf(as(actor, () => client.getPayment({ id })))).toBe(read);
      expect(await codeOf(as(actor, () => client.listRefunds({ payment_id: id })))).toBe(read);
      expect(await codeOf(refund(id, { amount: { amount: 1, currency: "USD" } }, actor))).toBe(refunds);
    });
  }

  it("shows a guest the guest's own payment, for the 90 days of a token", async () => {
    const { user_id: _, ...asked } = request("tok_ok");
    const { id } = await authorize({ ...asked, guest_hash: guest.guest_hash ?? "" });
    expect((await as(guest, () => client.getPayment({ id }))).id).toBe(id);
    await database.owner.query("update payment.payments set create_time = now() - interval '91 days' where id = $1", [
      id,
    ]);
    expect((await refusal(as(guest, () => client.getPayment({ id })))).code).toBe("payment_not_found");
    expect((await as(support, () => client.getPayment({ id }))).id).toBe(id);
  });

  it("answers an id that is no UUID with payment_not_found", async () => {
    expect((await refusal(as(manager, () => client.getPayment({ id: "1' or '1'='1" })))).code).toBe(
      "payment_not_found",
    );
  });

  it("pages a store's payments newest first, without a gap or a double", async () => {
    const store = newId();
    const staff: Actor = { ...manager, store_roles: [{ store_id: store, role: "support" }] };
    const made = [];
    for (let i = 0; i < 5; i++) made.push((await paid({ store_id: store })).id);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await as(
        staff,
        () => client.listPayments({ store_id: store, limit: 2, count: true, ...(cursor ? { cursor } : {}) }),
      );
      expect(page.total).toBe(5);
      seen.push(...page.data.map((payment) => payment.id));
      cursor = page.next_cursor;
    } while (cursor);
    expect(seen).toEqual(made.toReversed());
    const { data } = await as(
      staff,
      () => client.listPayments({ store_id: store, limit: 20, count: false, status: "declined" }),
    );
    expect(data).toEqual([]);
    expect((await refusal(as(staff, () => client.listPayments({ store_id, limit: 20, count: false })))).kind).toBe(
      "not_found",
    );
    expect(
      (await refusal(as(staff, () => client.listPayments({ store_id: store, limit: 2, count: false, cursor: "AAAA" }))))
        .code,
    ).toBe("invalid_cursor");
  });
});

describe("the ledger", () => {
  async function inTransaction(statements: string[]): Promise<string> {
    const client = await database.owner.connect();
    try {
      await client.query("begin; set local search_path = payment");
      for (const statement of statements) await client.query(statement);
      await client.query("commit");
      return "done";
    } catch (error) {
      await client.query("rollback");
      return (error as { constraint?: string; code?: string }).constraint ?? String((error as { code?: string }).code);
    } finally {
      client.release();
    }
  }

  it("refuses, at commit, postings that do not sum to zero in each currency", async () => {
    const payment = await paid();
    const entry = newId(), refunded = newId();
    const open = [
      `insert into refunds (id, payment_id, amount, reason) values ('${refunded}', '${payment.id}', 1, 'x')`,
      `insert into ledger_transactions (id, kind, payment_id, refund_id) values ('${entry}', 'refund', '${payment.id}', '${refunded}')`,
    ];
    const post = (...amounts: [number, string][]) =>
      amounts.map(([amount, currency]) =>
        `insert into ledger_postings (transaction_id, account, amount, currency) values ('${entry}', 'a', ${amount}, '${currency}')`
      );
    expect(await inTransaction([...open, ...post([5, "USD"])])).toBe("ledger_balanced");
    expect(await inTransaction([...open, ...post([5, "USD"], [-5, "EUR"])])).toBe("ledger_balanced");
    expect(await inTransaction(open)).toBe("ledger_balanced");
    expect(await inTransaction([...open, ...post([5, "USD"], [-5, "USD"])])).toBe("done");
    expect(await inTransaction(post([1, "USD"]))).toBe("ledger_balanced");
  });

  it("can't be changed by the service, nor can the audit", async () => {
    for (
      const statement of [
        "update ledger_postings set amount = 1",
        "delete from ledger_postings",
        "delete from ledger_transactions",
        "delete from audit_log",
      ]
    ) {
      const code = await database.pool.query(statement).then(() => "done", (error) => error.code);
      expect(`${statement}: ${code}`).toBe(`${statement}: 42501`);
    }
  });

  it("sums to zero, and agrees with the provider's book, after all of this", async () => {
    const unbalanced =
      "select transaction_id from payment.ledger_postings group by transaction_id, currency having sum(amount) <> 0";
    expect((await database.owner.query(unbalanced)).rows).toEqual([]);
    const compare =
      `select key, provider_key from payment.payments p full join payment.test_charges c on provider_key = key
      where coalesce(method, 'test') = 'test' and p.status not in ('pending', 'unknown')
        and (p.captured_amount, p.refunded_amount)
          is distinct from (case c.status when 'captured' then c.amount else 0 end, coalesce(c.refunded_amount, 0))`;
    expect((await database.owner.query(compare)).rows).toEqual([]);
  });
});

import type { Fault, Trial } from "../trial.ts";

async function inCurrency(trial: Trial, currency: string, foreign: string): Promise<void> {
  await trial.openStore({ currency, tax: { rate_bp: 1000, included: false } });
  await trial.load({ shoppers: 5, seconds: 2, users: 0 }, async () => {
    const [shelf] = trial.shelves;
    if (!shelf) throw new Error("Cannot go on without goods.");
    const shopper = await trial.shopper();
    await shopper.add(shelf.variant_id, 3);
    const net = 3 * shelf.price;
    const expected = net + Math.floor((net * 1000 + 5000) / 10_000);
    const order = (expected_total: unknown) => ({
      email: "yen@example.com",
      shipping_address: { name: "A", line1: "1", city: "C", postal_code: "1", country: "JP" },
      expected_total,
    });
    const wrong = await trial.client.send(
      shopper.who,
      "POST",
      "/orders",
      order({ amount: expected, currency: foreign }),
      `wrong-${currency}-${trial.seed}`,
    );
    trial.expect(
      wrong.status === 409 && wrong.body.code === "price_changed",
      `a total in ${foreign} was answered ${wrong.status} ${wrong.body?.code} in a store of ${currency}`,
    );
    const price = { amount: 100, currency: foreign };
    const product = await trial.client.send(trial.staff, "POST", "/products", { name: "X", sku: "X", price, stock: 1 });
    trial.expect([400, 409, 422].includes(product.status), `a price in ${foreign} was answered ${product.status}`);

    const placed = await shopper.order("tok_ok");
    trial.expect(placed?.total === expected, `an order of ${expected} ${currency} costs ${placed?.total}`);
    if (!placed) return;
    const [payment] = await trial.query(
      "select id, amount::int as amount, currency from payment.payments where order_id = $1",
      [
        placed.id,
      ],
    );
    trial.expect(
      payment?.amount === expected && payment.currency === currency,
      `it was paid ${payment?.amount} ${payment?.currency}`,
    );
    const refund = await trial.client.send(
      trial.staff,
      "POST",
      `/payments/${payment.id}/refunds`,
      { amount: { amount: 1, currency: foreign }, reason: "wrong" },
      `refund-${currency}-${trial.seed}`,
    );
    trial.expect(
      refund.status >= 400 && refund.status < 500,
      `a refund in ${foreign} was answered ${refund.status} ${refund.body?.code}`,
    );
  });
}

/** Currencies with other exponents, and mixed up. */
export const CURRENCIES: readonly Fault[] = [
  {
    number: 30,
    title: "currency mismatch, JPY, KWD",
    async run(trial) {
      const elsewhere = trial.shelves[0]?.variant_id ?? "";
      await inCurrency(trial, "JPY", "USD");
      await inCurrency(trial, "KWD", "JPY");
      const foreign = await trial.client.send({}, "POST", "/cart/items", { variant_id: elsewhere, quantity: 1 });
      trial.expect(foreign.status === 404, `goods of a store of USD in a cart of KWD were answered ${foreign.status}`);
      trial.expectNoServerErrors();
    },
  },
];

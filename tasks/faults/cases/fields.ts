import { type Operation, operationsOf, withAt } from "../hostile/operations.ts";
import { expectAnswer, inTurns, sendJson, sendRough } from "../hostile/rough.ts";
import { dropWebhooks, pathIn, person, type Scene, setScene } from "../hostile/scene.ts";
import { ADDRESS } from "../shopper.ts";
import type { Fault, Trial } from "../trial.ts";

/** What breaks out of text in SQL, JSON paths, LIKE patterns and time literals. */
const INJECTIONS = [
  "' or '1'='1",
  "'; drop table product.products; --",
  "1); select pg_sleep(4); --",
  "' union select email, password_hash from users --",
  "\\'; update users set role = 'admin'; --",
  "$$||(select pg_sleep(4))||$$",
  "%' and 1=cast((select version()) as int) and '%'='",
  "{{7*7}}${7*7}%27%3b--",
];

/** What would end the trial itself, or change the whole platform. */
const SPARED = /^\/(auth\/logout|settings|users\/\{id\}|users\/me\/totp|stores\/\{id\}\/status)/;

/** Requests of an operation with an injection at each of its places. */
function injected({ random }: Trial, scene: Scene, { method, path, query, texts, body }: Operation) {
  const target = pathIn(scene, path);
  const requests: { path: string; body: unknown }[] = [];
  // Two at each place, others with another seed.
  for (let time = 0; time < 2; time++) {
    const encoded = () => encodeURIComponent(random.pick(INJECTIONS));
    for (const place of texts) requests.push({ path: target, body: withAt(body, place, random.pick(INJECTIONS)) });
    for (const name of query) requests.push({ path: `${target}?${name}=${encoded()}`, body });
    if (path.includes("{")) requests.push({ path: path.replaceAll(/\{\w+\}/g, encoded), body });
  }
  return requests.map((request) => ({ ...request, method }));
}

const QUANTITIES = [
  "-1",
  "0",
  "0.5",
  "1e308",
  "9007199254740992",
  "-9007199254740993",
  "1e999",
  '"1"',
  "true",
  "[1]",
  "null",
];

/** What may be zero or negative by its meaning. */
const SIGNED = /\/(delta|stock|price|amount|expected_total|rate_bp|version|min_price|threshold)$|\/(amount)\//;

/** Hostile values in every field. */
export const FIELDS: readonly Fault[] = [
  {
    number: 18,
    title: "SQL injection corpus in every string field",
    async run(trial) {
      const scene = await setScene(trial);
      const operations = (await operationsOf(trial)).filter(({ path }) => !SPARED.test(path));
      const requests = operations.flatMap((operation) => injected(trial, scene, operation));
      const attacker = await person(trial, "admin");
      const [before] = await trial.query(`select count(*)::int as admins from "user".users where role = 'admin'`);
      await trial.load({ shoppers: 4, seconds: 2, users: 0 }, async () => {
        await inTurns(requests, async ({ method, path, body }) => {
          const { milliseconds } = await sendJson(trial, method, path, body, { who: attacker });
          trial.expect(milliseconds < 4_000, `${method} ${path.slice(0, 80)} took ${Math.round(milliseconds)} ms`);
        });
        const found = await sendRough(trial, "GET", `/products?q=${encodeURIComponent(`nothing${INJECTIONS[0]}`)}`);
        trial.expect(found.body?.data?.length === 0, `a search for an injection found ${found.body?.data?.length}`);
        // Text is text: it comes back as it was.
        for (const name of INJECTIONS) {
          const answer = await sendJson(trial, "PATCH", "/users/me", { name }, { who: scene.owner });
          trial.expect(answer.body?.name === name, `the name ${name} was kept as ${answer.body?.name}`);
        }
      });
      await dropWebhooks(trial);
      const [after] = await trial.query(`select count(*)::int as admins from "user".users where role = 'admin'`);
      trial.expect(after.admins === before.admins, `${after.admins - before.admins} more admins than before`);
      trial.notes.push(`${requests.length} injections in ${operations.length} operations`);
      trial.expectNoServerErrors();
    },
  },
  {
    number: 19,
    title: 'quantities −1, 0, 0.5, 1e308, 2^53, "1"',
    async run(trial) {
      const scene = await setScene(trial);
      const operations = (await operationsOf(trial)).filter(({ path, numbers }) =>
        numbers.length > 0 && !SPARED.test(path) && !path.startsWith("/auth")
      );
      const cart = (await sendRough(trial, "GET", "/cart", { who: scene.owner })).body;
      const wrong = operations.flatMap(({ method, path, body, numbers }) =>
        numbers.flatMap((place) => QUANTITIES.map((value) => ({ method, path, body, place, value })))
      );
      await trial.load({ shoppers: 4, seconds: 2, users: 0 }, async () => {
        await inTurns(wrong, async ({ method, path, body, place, value }) => {
          const buys = /^\/(cart|orders$|payments$)/.test(path);
          const marked = JSON.stringify(withAt(body, place, "@@@")).replace('"@@@"', value);
          const answer = await sendRough(trial, method, pathIn(scene, path), {
            who: buys ? scene.owner : trial.staff,
            headers: { "idempotency-key": crypto.randomUUID() },
            body: marked,
          });
          const pointer = `/${place.join("/")}`;
          const mayBe = SIGNED.test(pointer) && (value === "0" || value === "-1") || value === "null";
          const what = `${method} ${path} with ${pointer} ${value}`;
          // A quantity is refused as such; other numbers may be refused for what they would do.
          if (/quantity$/.test(pointer) && value !== "null") expectAnswer(trial, what, answer, [400]);
          else if (!mayBe) {
            trial.expect(answer.status >= 400 && answer.status < 500, `${what} was answered ${answer.status}`);
          }
        });
        const now = (await sendRough(trial, "GET", "/cart", { who: scene.owner })).body;
        trial.expect(
          now.item_count === cart.item_count,
          `the cart holds ${now.item_count} instead of ${cart.item_count}`,
        );
      });
      trial.notes.push(`${wrong.length} wrong numbers in ${operations.length} operations`);
      trial.expectNoServerErrors();
    },
  },
  {
    number: 20,
    title: "price tampering",
    async run(trial) {
      await trial.load({ shoppers: 4, seconds: 2, users: 0 }, async () => {
        for (let round = 0; round < 3; round++) await tamper(trial);
      });
      trial.expectNoServerErrors();
    },
  },
  {
    number: 25,
    title: "mass assignment of role, store_id",
    async run(trial) {
      const scene = await setScene(trial);
      await trial.load({ shoppers: 4, seconds: 2, users: 0 }, () => assign(trial, scene));
      trial.expectNoServerErrors();
    },
  },
];

/** Tries to pay less than it costs; then the price changes between the cart and the order. */
async function tamper(trial: Trial): Promise<void> {
  const [shelf] = trial.shelves;
  if (!shelf) throw new Error("Cannot go on without goods.");
  const buyer = await person(trial);
  const send = (method: string, path: string, body: unknown) => sendJson(trial, method, path, body, { who: buyer });
  const item = { variant_id: shelf.variant_id, quantity: 2 };
  for (const field of ["price", "unit_price", "total", "discount", "currency", "tax", "sku", "name"]) {
    expectAnswer(
      trial,
      `an item with ${field}`,
      await send("POST", "/cart/items", { ...item, [field]: 1 }),
      [400],
      "unknown_field",
    );
  }
  const cart = await send("POST", "/cart/items", item);
  expectAnswer(trial, "the item itself", cart, [201]);
  const order = { shipping_address: ADDRESS };
  for (
    const field of ["total", "subtotal", "items", "discount", "shipping", "tax", "currency", "status", "payment_status"]
  ) {
    expectAnswer(
      trial,
      `an order with ${field}`,
      await send("POST", "/orders", { ...order, [field]: 0 }),
      [400],
      "unknown_field",
    );
  }
  const { amount, currency } = cart.body.total;
  for (const expected_total of [amount - 1, 0, { amount: amount - 1, currency }, { amount, currency: "JPY" }]) {
    expectAnswer(
      trial,
      `an order of ${JSON.stringify(expected_total)}`,
      await send("POST", "/orders", { ...order, expected_total }),
      [409],
      "price_changed",
    );
  }
  // Somebody raises the price while the cart is full: the order costs what the catalogue says now.
  const product_id = cart.body.items[0]?.product_id;
  const { version, variants } = await trial.call("GET", `/products/${product_id}`);
  const price = shelf.price + 100;
  const raised = variants.map(({ id, sku }: { id: string; sku: string }) => ({ id, sku, price }));
  await trial.call("PATCH", `/products/${product_id}`, { version, variants: raised });
  shelf.price = price;
  expectAnswer(
    trial,
    "the old total",
    await send("POST", "/orders", { ...order, expected_total: amount }),
    [409],
    "price_changed",
  );
  const placed = await send("POST", "/orders", order);
  expectAnswer(trial, "the order", placed, [201]);
  trial.expect(
    placed.body?.items?.[0]?.unit_price.amount === price,
    `it was sold for ${placed.body?.items?.[0]?.unit_price.amount}, not ${price}`,
  );
  const payment = { order_id: placed.body.id, method: "test", token: "tok_ok" };
  for (const field of ["amount", "currency", "status", "captured_amount"]) {
    expectAnswer(
      trial,
      `a payment with ${field}`,
      await send("POST", "/payments", { ...payment, [field]: 1 }),
      [400],
      "unknown_field",
    );
  }
  const paid = await send("POST", "/payments", payment);
  trial.expect(
    paid.body?.captured_amount?.amount === placed.body.total.amount,
    `${paid.body?.captured_amount?.amount} was paid of ${placed.body.total.amount}`,
  );
  if (paid.status === 201) {
    trial.acknowledged.payments.push({ payment_id: paid.body.id, order_id: placed.body.id, outcome: "captured" });
  }
}

/** Tries to give oneself what only others give. */
async function assign(trial: Trial, { owner, order_id, product_id, item_id }: Scene): Promise<void> {
  const foreign = crypto.randomUUID();
  const manager = await person(trial, "manager");
  const roles = {
    role: "admin",
    store_roles: [{ store_id: trial.store_id, role: "manager" }],
    id: foreign,
    permissions: { "*": [] },
    email_verified: true,
    create_time: "2020-01-01T00:00:00Z",
  };
  const others = {
    store_id: foreign,
    user_id: foreign,
    id: foreign,
    create_time: "2020-01-01T00:00:00Z",
    version: 1e6,
  };
  const email = `m-${crypto.randomUUID().slice(0, 8)}@example.com`;
  const tries: [string, string, object, object, typeof owner][] = [
    ["POST", "/auth/register", { email, password: "correct horse 42 battery" }, roles, owner],
    ["PATCH", "/users/me", { name: "A" }, roles, owner],
    ["POST", "/cart/items", { variant_id: trial.shelves[0]?.variant_id, quantity: 1 }, others, owner],
    ["PUT", `/cart/items/${item_id}`, { quantity: 1 }, others, owner],
    ["POST", "/orders", { shipping_address: ADDRESS }, { ...others, number: 1, status: "paid" }, owner],
    ["POST", "/users/me/addresses", ADDRESS, others, owner],
    ["POST", "/payments", { order_id, method: "test", token: "tok_ok" }, { ...others, status: "captured" }, owner],
    ["POST", "/products", { name: "P", sku: `S-${foreign}`, price: 1, stock: 1 }, {
      store_id: foreign,
      id: foreign,
      version: 9,
    }, manager],
    [
      "PUT",
      `/orders/${order_id}/status`,
      { status: "processing" },
      { store_id: foreign, payment_status: "paid" },
      manager,
    ],
    ["POST", "/categories", { slug: `c-${foreign}`, name: "C" }, { store_id: foreign, id: foreign }, manager],
    ["POST", "/webhooks", { url: "https://hooks.example.com/a", event_types: ["order.paid"] }, {
      store_id: foreign,
      secret: "x",
    }, manager],
  ];
  for (const [method, path, body, more, who] of tries) {
    for (const [field, value] of Object.entries(more)) {
      const answer = await sendJson(trial, method, path, { ...body, [field]: value }, { who });
      expectAnswer(trial, `${method} ${path} with ${field}`, answer, [400], "unknown_field");
    }
  }
  // Fields that exist, but not for everybody.
  const patch = (id: string, body: unknown, who = manager) => sendJson(trial, "PATCH", `/users/${id}`, body, { who });
  expectAnswer(trial, "a manager making himself admin", await patch(manager.id, { role: "admin" }), [403]);
  expectAnswer(trial, "a manager making a customer admin", await patch(owner.id, { role: "admin" }), [403, 404]);
  const elsewhere = [{ store_id: foreign, role: "manager" }];
  expectAnswer(trial, "a manager giving roles elsewhere", await patch(owner.id, { store_roles: elsewhere }), [
    400,
    403,
    404,
  ]);
  expectAnswer(trial, "a customer giving himself a role", await patch(owner.id, { role: "admin" }, owner), [403, 404]);
  const { body: me } = await sendRough(trial, "GET", "/users/me", { who: owner });
  trial.expect(
    me.role === "customer" && me.store_roles.length === 0 && me.id === owner.id,
    `the customer is ${JSON.stringify(me)}`,
  );
  const product = await trial.call("GET", `/products/${product_id}`);
  trial.expect(product.store_id === trial.store_id, "a product changed its store");
}

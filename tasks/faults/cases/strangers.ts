import type { Who } from "../client.ts";
import { type Operation, operationsOf } from "../hostile/operations.ts";
import { expectAnswer, inTurns, sendJson, sendRough } from "../hostile/rough.ts";
import { pathIn, person, type Scene, setScene } from "../hostile/scene.ts";
import type { Fault, Trial } from "../trial.ts";

/** What everybody may read. */
const PUBLIC = /^GET \/(products|stores|categories|media)(\/\{\w+\})?$/;
/** A provider's door, which no user's token opens, and what is one's own by its path. */
const OWN = /^\/payments\/webhooks|^\/users\/me(\/totp|\/sessions)?$/;

/** All operations that name an object which is not everybody's. */
async function named(trial: Trial): Promise<Operation[]> {
  const operations = await operationsOf(trial);
  return operations.filter(({ method, path }) =>
    path.includes("{") && !PUBLIC.test(`${method} ${path}`) && !OWN.test(path)
  );
}

/** What a scene's objects are, all of it; an attack must not change a word. */
async function portrait(trial: Trial, scene: Scene): Promise<string> {
  const rows = await Promise.all([
    trial.query(`select status, payment_status, version from "order".orders where id = $1`, [scene.order_id]),
    trial.query("select status, captured_amount, refunded_amount from payment.payments where id = $1", [
      scene.payment_id,
    ]),
    trial.query("select version, status from product.products where id = $1", [scene.product_id]),
    trial.query(
      "select kind, delta from product.stock_movements where variant_id = $1 and kind in ('initial', 'adjust')",
      [
        scene.variant_id,
      ],
    ),
    trial.query("select name, status, version from store.stores where id = $1", [scene.store_id]),
    trial.query(`select email, name, role from "user".users where id = $1`, [scene.owner.id]),
    trial.query(`select * from "user".addresses where id = $1`, [scene.address_id]),
    trial.query("select quantity from cart.cart_items where id = $1", [scene.item_id]),
    trial.query("select * from product.categories where id = $1", [scene.category_id]),
    trial.query("select url, status from store.webhook_endpoints where id = $1", [scene.webhook_id]),
  ]);
  return JSON.stringify(rows);
}

/** Tries every operation with the scene's ids as somebody whose they are not. */
async function tryAll(trial: Trial, scene: Scene, who: Who, whose: string, store?: string): Promise<number> {
  const operations = await named(trial);
  await inTurns(operations, async ({ method, path, body }) => {
    const answer = await sendJson(trial, method, pathIn(scene, path), body, { who, ...(store ? { store } : {}) });
    expectAnswer(trial, `${method} ${path} by ${whose}`, answer, [401, 403, 404]);
    const said = JSON.stringify(answer.body ?? {});
    trial.expect(!said.includes(scene.owner.email), `${method} ${path} by ${whose} shows the owner's e-mail address`);
  });
  return operations.length;
}

/** Other people's and other stores' ids. */
export const STRANGERS: readonly Fault[] = [
  {
    number: 21,
    title: "another user's ids on every route",
    async run(trial) {
      const scene = await setScene(trial);
      const before = await portrait(trial, scene);
      await trial.load({ shoppers: 4, seconds: 2, users: 0 }, async () => {
        const other = await person(trial);
        const guest = await trial.shopper();
        await guest.add(trial.shelves[1]?.variant_id ?? "", 1);
        const made: [Who, string][] = [[{}, "a stranger"], [guest.who, "a guest"], [other, "another customer"]];
        for (const [who, whose] of made) {
          const tried = await tryAll(trial, scene, who, whose);
          trial.notes.push(`${tried} operations as ${whose}`);
        }
        for (const [who, whose] of made) {
          const pay = { order_id: scene.order_id, method: "test", token: "tok_ok" };
          expectAnswer(trial, `paying it by ${whose}`, await sendJson(trial, "POST", "/payments", pay, { who }), [
            401,
            404,
          ]);
          const orders = await sendRough(trial, "GET", `/orders?user_id=${scene.owner.id}`, { who });
          trial.expect(!orders.text.includes(scene.order_id), `${whose} finds the order by its buyer`);
        }
        // The same routes are there for those whose they are: else the refusals would say nothing.
        for (const path of ["/orders/{id}", "/payments/{id}", "/users/me/addresses/{id}", "/payments/{id}/refunds"]) {
          expectAnswer(
            trial,
            `${path} by its owner`,
            await sendRough(trial, "GET", pathIn(scene, path), { who: scene.owner }),
            [200],
          );
        }
      });
      trial.expect(await portrait(trial, scene) === before, "something of the owner's was changed");
      trial.expectNoServerErrors();
    },
  },
  {
    number: 22,
    title: "another store's ids",
    async run(trial) {
      const scene = await setScene(trial);
      const home = trial.client.store;
      const before = await portrait(trial, scene);
      await trial.openStore({ stock: [50] });
      await trial.load({ shoppers: 4, seconds: 2, users: 0 }, async () => {
        for (const role of ["manager", "support"] as const) {
          const staff = await person(trial, role);
          // From the own store, and as if from the other.
          for (const store of [trial.client.store, home]) {
            await tryAll(trial, scene, staff, `another store's ${role}`, store);
          }
          for (
            const path of [
              "/payments",
              "/stock/low",
              "/webhooks",
              "/audit",
              "/products/export.csv",
              "/orders/export.csv",
              "/orders/counts",
              "/search?q=a",
            ]
          ) {
            const answer = await sendRough(trial, "GET", path, { who: staff, store: home });
            expectAnswer(trial, `${path} of another store by its ${role}`, answer, [403, 404]);
          }
          const orders = await sendRough(trial, "GET", "/orders", { who: staff, store: home });
          trial.expect(!orders.text.includes(scene.order_id), `another store's ${role} lists the order`);
          for (
            const [path, body] of [["/orders/bulk-status", { ids: [scene.order_id], status: "processing" }], [
              "/products/bulk-status",
              { ids: [scene.product_id], status: "archived" },
            ]] as const
          ) {
            const answer = await sendJson(trial, "POST", path, body, { who: staff });
            const refused = answer.status >= 400 || answer.body?.changed === 0;
            trial.expect(refused, `${path} by another store's ${role} was answered ${answer.text.slice(0, 150)}`);
          }
        }
        // Goods of one store in a cart, a product, a category of the other.
        const manager = await person(trial, "manager");
        const item = { variant_id: scene.variant_id, quantity: 1 };
        expectAnswer(trial, "another store's goods in a cart", await sendJson(trial, "POST", "/cart/items", item), [
          404,
        ]);
        const product = { name: "P", sku: `S-${crypto.randomUUID()}`, price: 1, stock: 1, category: scene.category_id };
        expectAnswer(
          trial,
          "another store's category",
          await sendJson(trial, "POST", "/products", product, { who: manager }),
          [400, 404],
        );
      });
      trial.expect(await portrait(trial, scene) === before, "something of the other store's was changed");
      trial.expectNoServerErrors();
    },
  },
];

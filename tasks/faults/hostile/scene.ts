import type { Who } from "../client.ts";
import { ADDRESS } from "../shopper.ts";
import type { Trial } from "../trial.ts";
import { sendJson } from "./rough.ts";

/** Somebody with an account. */
export interface Person extends Who {
  id: string;
  email: string;
  bearer: string;
  refresh: string;
}

/** Of everybody in the scene. */
export const PASSWORD = "correct horse 42 battery";

/** Somebody new; with a role, of the trial's store's staff, or of another store's. */
export async function person(
  trial: Trial,
  role?: "manager" | "support" | "admin",
  store_id = trial.store_id,
): Promise<Person> {
  const email = `p-${crypto.randomUUID().slice(0, 13)}@example.com`;
  const { body } = await sendJson(trial, "POST", "/auth/register", { email, password: PASSWORD });
  const patch = role === "admin" ? { role } : { store_roles: [{ store_id, role }] };
  if (role) await trial.call("PATCH", `/users/${body.user.id}`, patch);
  const tokens = role ? (await sendJson(trial, "POST", "/auth/login", { email, password: PASSWORD })).body : body;
  return { id: body.user.id, email, bearer: tokens.access_token, refresh: tokens.refresh_token };
}

/** What belongs to one buyer, and to the trial's store. */
export interface Scene {
  owner: Person;
  store_id: string;
  product_id: string;
  variant_id: string;
  address_id: string;
  item_id: string;
  order_id: string;
  payment_id: string;
  category_id: string;
  webhook_id: string;
  key_id: string;
}

/** A buyer with an address, a cart, and an order that is paid, of a store with a category and a webhook. */
export async function setScene(trial: Trial): Promise<Scene> {
  const owner = await person(trial);
  const mine = async (method: string, path: string, body: unknown) => {
    const answer = await sendJson(trial, method, path, body, { who: owner });
    if (answer.status >= 300) throw new Error(`Cannot set the scene: ${path} ${answer.status} ${answer.text}`);
    return answer.body;
  };
  const variant_id = trial.shelves[0]?.variant_id ?? "";
  await mine("POST", "/cart/items", { variant_id, quantity: 2 });
  const order = await mine("POST", "/orders", {
    shipping_address: ADDRESS,
    payment: { method: "test", token: "tok_ok" },
  });
  const address = await mine("POST", "/users/me/addresses", ADDRESS);
  const cart = await mine("POST", "/cart/items", { variant_id, quantity: 1 });
  const [payment] = await trial.query("select id from payment.payments where order_id = $1", [order.id]);
  const name = crypto.randomUUID().slice(0, 8);
  const category = await trial.call("POST", "/categories", { slug: `c-${name}`, name });
  const webhook = await trial.call("POST", "/webhooks", {
    url: "https://hooks.example.com/nano",
    event_types: ["product.archived"],
  });
  trial.acknowledged.payments.push({ payment_id: payment.id, order_id: order.id, outcome: "captured" });
  return {
    owner,
    store_id: trial.store_id,
    variant_id,
    product_id: cart.items[0]?.product_id ?? "",
    address_id: address.id,
    item_id: cart.items[0]?.id ?? "",
    order_id: order.id,
    payment_id: payment.id,
    category_id: category.id,
    webhook_id: webhook.id,
    key_id: crypto.randomUUID(),
  };
}

/** A path with the scene's own ids in it. */
export function pathIn(scene: Scene, path: string): string {
  const ids: [RegExp, string][] = [
    [/^\/users\/me\/addresses\//, scene.address_id],
    [/^\/users\//, scene.owner.id],
    [/^\/cart\/items\//, scene.item_id],
    [/^\/orders\//, scene.order_id],
    [/^\/payments\/webhooks\//, "test"],
    [/^\/payments\//, scene.payment_id],
    [/^\/products\//, scene.product_id],
    [/^\/variants\//, scene.variant_id],
    [/^\/categories\//, scene.category_id],
    [/^\/webhooks\//, scene.webhook_id],
    [/^\/stores\//, scene.store_id],
  ];
  const id = ids.find(([prefix]) => prefix.test(path))?.[1] ?? scene.key_id;
  return path.replaceAll(/\{\w+\}/g, id);
}

/** Ends the deliveries to endpoints that nobody answers at: they would be tried for days. */
export async function dropWebhooks(trial: Trial): Promise<void> {
  await trial.query("delete from store.webhook_endpoints where store_id = $1", [trial.store_id]);
}

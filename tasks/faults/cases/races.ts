import { isFinal } from "../client.ts";
import type { Fault, Trial } from "../trial.ts";
import { ADDRESS } from "../shopper.ts";

const BUYERS = 200;
const UNITS = 3;
/** So many processes that would run for each core are more than the shop alone brings. */
const CROWDED = 3;

/** So many guests who each have this in their cart. */
async function guests(trial: Trial, count: number, variant_id: string) {
  const found: { cartToken: string }[] = [];
  const next = async () => {
    while (found.length < count) {
      const answer = await trial.client.send({}, "POST", "/cart/items", { variant_id, quantity: 1 });
      if (answer.status !== 201) throw new Error(`Cannot fill a cart: ${answer.status} ${JSON.stringify(answer.body)}`);
      if (found.length < count) found.push({ cartToken: answer.body.token });
    }
  };
  await Promise.all(Array.from({ length: 16 }, next));
  return found;
}

/** 200 buyers for 3 units over HTTP, all at once. */
async function rush(trial: Trial): Promise<void> {
  // A shop that has just been started compiles its code with the first orders.
  if (!trial.world.isWarm) await trial.load({ shoppers: 4, seconds: 2, users: 0 }, () => Promise.resolve());
  await trial.openStore({ stock: [UNITS] });
  const variant_id = trial.shelves[0]?.variant_id ?? "";
  const everybody = await guests(trial, BUYERS, variant_id);
  // A machine with much other work may be too slow for 200 at once: then who is told so (503, 504) asks again.
  const isCrowded = (Deno.loadavg()[0] ?? 0) > CROWDED * navigator.hardwareConcurrency;
  let late = 0;
  const answers = await Promise.all(everybody.map(async (guest, index) => {
    const order = { email: `buyer-${index}@example.com`, shipping_address: ADDRESS };
    const key = `rush-${trial.seed}-${index}`;
    const answer = await trial.client.send(guest, "POST", "/orders", order, key);
    if (!isCrowded || (answer.status !== 503 && answer.status !== 504)) return answer;
    late++;
    return await trial.client.insist(guest, "POST", "/orders", order, key, 60_000);
  }));
  if (isCrowded) trial.notes.push(`the machine has other work: ${late} had to ask again`);
  const placed = answers.filter(({ status }) => status === 201);
  const refused = answers.filter(({ status, body }) => status === 409 && body?.code === "out_of_stock");
  trial.expect(placed.length === UNITS, `${placed.length} orders instead of ${UNITS}`);
  trial.expect(refused.length === BUYERS - UNITS, `${refused.length} × 409 out_of_stock instead of ${BUYERS - UNITS}`);
  if (late === 0) trial.expectNoServerErrors();
  else trial.expectNo500();
  const [row] = await trial.query("select on_hand, reserved from product.variants where id = $1", [variant_id]);
  trial.expect(row.reserved === UNITS, `${row.reserved} are reserved of ${row.on_hand}`);
}

/** Sends a request twice at once and again until it is final; gives all answers that were. */
async function twice(
  trial: Trial,
  guest: { cartToken: string },
  path: string,
  body: unknown,
  keys: [string, string],
) {
  const answers = await Promise.all(keys.map((key) => trial.client.send(guest, "POST", path, body, key)));
  return await Promise.all(
    answers.map((answer, index) =>
      isFinal(answer) ? answer : trial.client.insist(guest, "POST", path, body, keys[index], 10_000)
    ),
  );
}

async function doubles(trial: Trial): Promise<void> {
  const everybody = await guests(trial, trial.quick ? 20 : 50, trial.shelves[0]?.variant_id ?? "");
  const work = everybody.map(async (guest, index) => {
    const isSame = index % 2 === 0;
    const key = `double-${trial.seed}-${index}`;
    const other = isSame ? key : `${key}-again`;
    const order = { email: `double-${index}@example.com`, shipping_address: ADDRESS };
    const placed = await twice(trial, guest, "/orders", order, [key, other]);
    const ids = new Set(placed.filter(({ status }) => status === 201).map(({ body }) => body.id));
    const codes = placed.map(({ status, body }) => `${status} ${body?.code ?? ""}`).sort().join(", ");
    trial.expect(ids.size === 1, `double submit ${index} made ${ids.size} orders: ${codes}`);
    if (isSame) trial.expect(placed.every(({ status }) => status === 201), `one key was answered ${codes}`);
    else trial.expect(/^201 , 409 (cart_ordered|cart_empty)$/.test(codes), `two keys were answered ${codes}`);
    const [order_id] = ids;
    if (!order_id) return;
    const principal = `guest:${await hash(guest.cartToken)}`;
    trial.acknowledged.orders.push({ key, order_id, principal });

    const payment = { order_id, method: "test", token: "tok_ok" };
    const paid = await twice(trial, guest, "/payments", payment, [
      `pay-${key}`,
      isSame ? `pay-${key}` : `pay-${other}`,
    ]);
    const payments = new Set(paid.filter(({ status }) => status === 201).map(({ body }) => body.id));
    const outcomes = paid.map(({ status, body }) => `${status} ${body?.code ?? ""}`).sort().join(", ");
    trial.expect(payments.size === 1, `double payment ${index} made ${payments.size} payments: ${outcomes}`);
    if (isSame) trial.expect(paid.every(({ status }) => status === 201), `one payment key was answered ${outcomes}`);
    else trial.expect(outcomes === "201 , 409 already_paid", `two payment keys were answered ${outcomes}`);
    // The same key for something else is refused.
    const reused = await trial.client.send(guest, "POST", "/orders", { ...order, note: "other" }, key);
    trial.expect(
      reused.status === 422 && reused.body.code === "idempotency_key_reused",
      `a key for another request was answered ${reused.status} ${reused.body?.code}`,
    );
  });
  await Promise.all(work);
  trial.expectNoServerErrors();
}

async function hash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Many who want the same at once. */
export const RACES: readonly Fault[] = [
  { number: 28, title: "50 double submits, same key and two keys", run: doubles },
  { number: 29, title: "200 buyers for 3 units", seeds: 20, run: rush },
];

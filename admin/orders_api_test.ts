import { before, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { call, hire, openConsole, openStore, sell, type Sold, visitor, type World } from "./testing.ts";
import type { Order, Payment, Shipment } from "./types.ts";

describe("the page of an order", () => {
  let handle: (request: Request) => Promise<Response>;
  let world: World;
  let manager: ReturnType<typeof visitor>;

  const shown = async ({ id }: Sold) => await (await manager.get(`/orders/${id}`)).text();
  const ask = <T>(path: string) => call<T>({ token: world.token, store: world.store.slug }, "GET", path);
  /** The one line of an order, and its payment. */
  const partsOf = async ({ id }: Sold) => {
    const [order, payments] = await Promise.all([
      ask<Order>(`/orders/${id}`),
      ask<{ data: Payment[] }>(`/payments?order_id=${id}`),
    ]);
    return { line: `quantity.${order.items[0]?.id}`, payment: payments.data[0]! };
  };

  before(async () => {
    handle = await openConsole();
    world = await openStore();
    manager = visitor(handle);
    await manager.post("/login", { ...await hire(world, "manager") });
    await manager.get(`/?store=${world.store.slug}`);
  });

  it("sends no parcel of nothing, nor of what is no number", async () => {
    const order = await sell(world);
    const { line } = await partsOf(order);
    for (const quantity of ["0", "", "1.5", "-1", "two"]) {
      const parcel = { action: "ship", carrier: "DHL", tracking_number: "JD1", [line]: quantity };
      const response = await manager.post(`/orders/${order.id}`, parcel);
      expect([quantity, response.status]).toEqual([quantity, 422]);
      const html = await response.text();
      expect([html.includes("Say how many of which line."), html.includes('value="JD1"')]).toEqual([true, true]);
    }
    expect((await ask<{ data: Shipment[] }>(`/orders/${order.id}/shipments`)).data).toEqual([]);
  });

  it("gives not all back where an amount or lines are typed beside it", async () => {
    const order = await sell(world);
    const { line, payment } = await partsOf(order);
    for (const typed of [{ amount: "5", [line]: "0" }, { amount: "", [line]: "1" }]) {
      const form = { action: "refund", payment_id: payment.id, how: "whole", ...typed };
      const response = await manager.post(`/orders/${order.id}`, form);
      expect([response.status, (await response.text()).includes("Choose all that is left, or")]).toEqual([422, true]);
    }
    expect((await partsOf(order)).payment.refunded_amount.amount).toBe(0);
  });

  it("offers of each line what did not go back yet", async () => {
    const order = await sell(world);
    const { line, payment } = await partsOf(order);
    const form = { action: "refund", payment_id: payment.id, how: "lines", [line]: "1" };
    const most = (html: string) =>
      /<input[^>]*name="quantity[^>]*max="(\d)"/.exec(html.split('id="f-how"')[1] ?? "")?.[1];
    expect(most(await shown(order))).toBe("2");
    expect((await manager.post(`/orders/${order.id}`, form)).status).toBe(303);
    expect(most(await shown(order))).toBe("1");
    expect((await manager.post(`/orders/${order.id}`, { ...form, [line]: "1" })).status).toBe(303);
    expect(most(await shown(order))).toBeUndefined();
  });

  it("says why a form was refused that the order has moved on from", async () => {
    const order = await sell(world);
    const { line, payment } = await partsOf(order);
    const parcel = { action: "ship", carrier: "DHL", tracking_number: "1", [line]: "2" };
    expect((await manager.post(`/orders/${order.id}`, parcel)).status).toBe(303);
    const refund = { action: "refund", payment_id: payment.id, how: "whole" };
    expect((await manager.post(`/orders/${order.id}`, refund)).status).toBe(303);
    const stale = [{ action: "status", status: "processing" }, parcel, { action: "cancel" }, refund];
    for (const form of stale) {
      const response = await manager.post(`/orders/${order.id}`, form);
      const said = /class="error-summary"[^>]*>\s*<p>(.*?)<\/p>/.exec(await response.text())?.[1] ?? "";
      expect([form.action, response.status, said.length > 45]).toEqual([form.action, 422, true]);
    }
  });

  it("says that a void cancels the order", async () => {
    const order = await sell(world, { payment: { method: "manual", token: "" } });
    expect(await shown(order)).toContain("The order is cancelled, and its goods return to stock.");
  });

  it("adds no tax to prices that include it", async () => {
    const included = "Tax, included in the prices";
    const { token, store } = world;
    const settings = await ask<Record<string, unknown>>(`/stores/${store.id}`);
    const { name, slug, currency, country, locale, version } = settings;
    const change = { name, slug, currency, country, locale, version, tax: { rate_bp: 1900, included: true } };
    expect(await shown(await sell(world))).not.toContain(included);
    await call({ token }, "PUT", `/stores/${store.id}`, change);
    const html = await shown(await sell(world));
    expect([html.includes(included), html.includes("$3.19")]).toEqual([true, true]);
  });
});

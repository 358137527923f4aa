import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { Order } from "../../proto/gen/nano/order/v1/order.ts";
import { newId } from "../shared/ids.ts";
import { bytesOf, toMessage } from "./messages.ts";
import { lineOf, orderOf } from "./testing_orders.ts";

describe("bytesOf()", () => {
  it("is no less than the message of any order has", () => {
    const text = (length: number) => "漢".repeat(length);
    const [name, line1, line2, company] = Array.from({ length: 4 }, () => text(200));
    const [city, region, postal_code, phone] = [text(100), text(100), text(20), text(40)];
    const address = { name: name!, company, line1: line1!, line2, city, region, postal_code, country: "JP", phone };
    const most = 999_000_000_000_000;
    const line = { name: text(402), sku: text(100), quantity: 999, unit_price: most, tax: most, total: most };
    const step = { from: "pending_payment", to: "pending_payment", actor: `api_key:${newId()}`, time: new Date() };
    const large = orderOf({
      user_id: newId(),
      email: "e".repeat(254),
      shipping_address: address,
      billing_address: address,
      note: text(2_000),
      items: Array.from({ length: 100 }, () => lineOf(line)),
      history: Array.from({ length: 20 }, () => ({ ...step, reason: text(500) })),
      total: most,
    });
    for (const order of [large, orderOf(), { ...large, items: [], history: [] }]) {
      expect(bytesOf(order)).toBeGreaterThan(Order.encode(toMessage(order)).finish().length);
    }
  });
});

import { type Caller, createRest } from "../seed/rest.ts";

/** What a purchase on trial came to. */
export interface Smoke {
  readonly bought: boolean;
  readonly what: string;
}

interface Listed {
  data: { name: string; variants: { id: string; available: number }[] }[];
}

const ADDRESS = { name: "Smoke Test", line1: "1 Deploy Street", city: "Berlin", postal_code: "10115", country: "DE" };

/**
 * Buys one thing as a guest and gives it back: lists, fills a cart, orders, agrees to pay by invoice, cancels. A shop
 * without stock is only listed. Throws what went wrong.
 */
export async function smokePurchase(gatewayUrl: string): Promise<Smoke> {
  const rest = createRest(gatewayUrl);
  try {
    const { data } = await rest.call<Listed>({}, "GET", "/products?in_stock=true&limit=1");
    const [product] = data;
    const variant = product?.variants.find(({ available }) => available > 0);
    if (!product || !variant) return { bought: false, what: "the catalogue answers; there is nothing in stock to buy" };
    const cart = await rest.call<{ token: string }>({}, "POST", "/cart/items", { variant_id: variant.id, quantity: 1 });
    const guest: Caller = { guest: cart.token };
    const order = await rest.call<{ id: string; number: number }>(guest, "POST", "/orders", {
      email: "smoke@nano.example",
      note: "A deploy's trial purchase: cancelled at once.",
      shipping_address: ADDRESS,
    }, crypto.randomUUID());
    await rest.call(guest, "POST", "/payments", { order_id: order.id, method: "manual" }, crypto.randomUUID());
    await rest.call(guest, "PUT", `/orders/${order.id}/status`, { status: "cancelled", reason: "trial purchase" });
    return { bought: true, what: `bought ${product.name} as order ${order.number}, and gave it back` };
  } finally {
    rest.close();
  }
}

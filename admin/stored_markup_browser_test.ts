import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { call, openStore, operator, unique } from "./testing.ts";
import { openBrowser, takeSeat } from "./testing_browser.ts";

/** What runs, or at least appears as an element, wherever a text is not escaped. */
const EVIL = `"'><script>alert(1)</script><b class=planted>`;

interface Made {
  id: string;
  number: number;
  version: number;
  variants: { id: string }[];
  token: string;
  user: { id: string };
}

describe("markup in every text field", () => {
  it("is shown as text on every page, and runs nowhere", async () => {
    const world = await openStore();
    const { store: { slug, id: store_id } } = world;
    const staff = { token: world.token, store: slug };
    const post = (path: string, body: unknown) => call<Made>(staff, "POST", path, body);

    await call(staff, "PUT", `/stores/${store_id}`, { slug, name: EVIL, currency: "USD", country: "US", version: 1 });
    const category = await post("/categories", { name: EVIL, slug: `evil-${unique()}` });
    const options = { [EVIL]: EVIL };
    const price = { amount: 1000, currency: "USD" };
    const product = await post("/products", {
      name: EVIL,
      description: EVIL,
      category: category.id,
      attributes: options,
      images: [{ url: '/x"onerror=alert(1)', alt: EVIL }],
      variants: [{ sku: `${EVIL}${unique()}`, name: EVIL, options, price: price.amount, stock: 9 }],
    });
    const variant_id = product.variants[0]?.id ?? "";
    await post(`/variants/${variant_id}/stock`, { delta: 1, reason: EVIL });
    const login = { email: `${unique()}@nano.test`, password: `${crypto.randomUUID()}!` };
    const buyer = await call<{ access_token: string; user: { id: string } }>(
      { store: slug },
      "POST",
      "/auth/register",
      {
        ...login,
        name: EVIL,
      },
    );
    const shopper = { token: buyer.access_token, store: slug };
    await call(shopper, "POST", "/cart/items", { variant_id, quantity: 2 });
    const address = { name: EVIL, company: EVIL, line1: EVIL, line2: EVIL, city: EVIL, region: EVIL };
    const order = await call<Made>(shopper, "POST", "/orders", {
      shipping_address: { ...address, postal_code: EVIL.slice(0, 20), country: "GB" },
      note: EVIL,
      payment: { method: "test", token: "tok_ok" },
    });
    await post(`/orders/${order.id}/notes`, { text: EVIL });
    await call(staff, "PUT", `/orders/${order.id}/status`, { status: "processing", reason: EVIL });
    await post(`/orders/${order.id}/shipments`, { carrier: EVIL, tracking_number: EVIL });
    const payments = await call<{ data: Made[] }>(staff, "GET", `/payments?order_id=${order.id}`);
    const payment_id = payments.data[0]?.id;
    await post(`/payments/${payment_id}/refunds`, { amount: { amount: 100, currency: "USD" }, reason: EVIL });
    const hook = { url: "http://127.0.0.1:9/", event_types: ["*"], description: EVIL };
    const webhook = await post("/webhooks", hook);

    const browser = await openBrowser();
    try {
      const { page, faults } = await takeSeat(browser, operator(), slug);
      await page.goto("/orders?status=shipped&sort=create_time");
      await page.getByText("Save this view").click();
      await page.getByLabel("Name of the view").fill(EVIL.slice(0, 40));
      await page.locator(".save-view [type=submit]").click();
      const found = encodeURIComponent(EVIL);
      const paths = [
        ...["/", "/orders", `/orders/${order.id}`, `/orders/${order.id}/print`, `/orders?q=${found}`],
        ...["/products", "/products/new", `/products/${product.id}`, `/products/${product.id}/stock`],
        ...["/products/import", `/products?q=${found}`, "/categories", `/categories/${category.id}`],
        ...["/customers", `/customers/${buyer.user.id}`, `/customers?q=${found}`, "/staff"],
        ...["/payments", `/payments/${payment_id}`, "/payments/settings", "/stores", `/stores/${store_id}`],
        ...["/webhooks", `/webhooks/${webhook.id}`, "/webhooks/new", "/audit", `/audit?actor=${found}`],
        ...["/settings", "/profile", `/search?q=${found}`, `/login?next=${found}`, "/nowhere"],
      ];
      for (const path of paths) {
        // Scripts of the page have run by then; pictures do not matter here.
        await page.goto(path, { waitUntil: "domcontentloaded" });
        expect([path, await page.locator(".planted").count()]).toEqual([path, 0]);
      }
      await page.goto(`/orders/${order.id}`);
      expect(await page.locator("main").textContent()).toContain(EVIL);
      await page.goto(`/products/${product.id}/stock`);
      expect(await page.locator("main").textContent()).toContain(EVIL);
      expect(faults).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});

import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { Buffer } from "node:buffer";
import type { Browser } from "playwright-core";
import { call, hire, type Login, openStore, setting, unique, type World } from "./testing.ts";
import { openBrowser, scriptBytes, type Seat, seriousFaults, takeSeat } from "./testing_browser.ts";
import type { Product } from "./types.ts";

const MAX_SCRIPT = 60 * 1024;

let browser: Browser;
let world: World;
let login: Login;

before(async () => {
  [browser, world] = await Promise.all([openBrowser(), openStore()]);
  login = await hire(world, "manager");
});
after(() => browser?.close());

/** The status with which the storefront's API answers for a product. */
async function inTheShop(slug: string): Promise<number> {
  const response = await fetch(new URL(`/products/${slug}?store=${world.store.slug}`, setting("TEST_GATEWAY_URL")));
  await response.body?.cancel();
  return response.status;
}

async function makeProduct(fields: object = {}): Promise<Product> {
  const caller = { token: world.token, store: world.store.slug };
  return await call<Product>(caller, "POST", "/products", {
    name: "Mug",
    sku: unique(),
    price: 1234,
    stock: 5,
    ...fields,
  });
}

for (const scripts of [true, false]) {
  describe(`products in Chromium ${scripts ? "with" : "without"} JavaScript`, () => {
    let seat: Seat;
    before(async () => {
      seat = await takeSeat(browser, login, world.store.slug, scripts);
    });
    after(() => seat?.context.close());

    it("are created as drafts and published to the shop", async () => {
      const { page } = seat;
      const slug = `cup-${unique()}`;
      await page.goto("/products/new");
      await page.fill("[name=name]", "Cup");
      await page.fill("[name=sku]", unique());
      await page.fill("[name=price]", "12.34");
      await page.fill("[name=stock]", "7");
      await page.fill("[name=slug]", slug);
      await page.click("form[data-main] [type=submit]");
      await page.waitForURL(/\/products\/[\w-]{36}$/);
      expect(await page.locator("[role=status]").first().textContent()).toBe("Created Cup.");
      expect(await inTheShop(slug)).toBe(404);

      await page.goto(`/products?q=Cup&status=draft`);
      await page.locator("tr", { hasText: "Cup" }).first().locator("[name=ids]").check();
      await page.getByRole("button", { name: "Publish" }).click();
      await page.waitForURL(/status=draft/);
      expect(await inTheShop(slug)).toBe(200);
    });

    it("lose nothing typed in a conflict of two editors", async () => {
      const { page } = seat;
      const { id, version } = await makeProduct();
      await page.goto(`/products/${id}`);
      await page.fill("[name=name]", "Mine");
      await call({ token: world.token }, "PATCH", `/products/${id}`, { name: "Theirs", version });
      await page.click("form[data-main] [type=submit]");
      const conflict = page.locator(".conflict");
      await conflict.waitFor();
      expect(await conflict.textContent()).toMatch(/Changed by .+: review\./);
      expect(await conflict.locator("tbody tr").allTextContents()).toEqual(["NameTheirsMine"]);
      expect(await page.inputValue("[name=name]")).toBe("Mine");
      await page.click("form[data-main] [type=submit]");
      await page.getByText("Saved Mine.").waitFor();
    });

    it("are imported after a preview that names the refused lines", async () => {
      const { page } = seat;
      const [good, bad] = [`bowl-${unique()}`, `dish-${unique()}`];
      const table =
        `name,slug,sku,price,stock,status\nBowl,${good},${good},5,1,active\nDish,${bad},${bad},dear,1,active\n`;
      await page.goto("/products/import");
      await page.setInputFiles("[name=file]", {
        name: "table.csv",
        mimeType: "text/csv",
        buffer: Buffer.from(table),
      });
      await page.getByRole("button", { name: "Preview" }).click();
      await page.getByText("1 new, 0 changed, 0 unchanged, 1 refused.").waitFor();
      await page.getByText("dear is no price in USD.").waitFor();
      expect(await inTheShop(good)).toBe(404);
      await page.getByRole("button", { name: "Import now" }).click();
      await page.getByText("What was done").waitFor();
      expect([await inTheShop(good), await inTheShop(bad)]).toEqual([200, 404]);
    });

    it("get variants in the sheet", async () => {
      const { page } = seat;
      const { id, slug } = await makeProduct({ name: "Shirt", status: "active" });
      await page.goto(`/products/${id}`);
      await page.getByText("It comes in several variants").click();
      await page.locator("[name=option_name]").first().fill("size");
      for (const [row, size] of ["S", "M"].entries()) {
        await page.locator("[name=variant_option_0]").nth(row).fill(size);
        await page.locator("[name=variant_sku]").nth(row).fill(`${slug}-${size}`);
      }
      await page.click("form[data-main] [type=submit]");
      await page.getByText("Saved Shirt.").waitFor();
      const { variants } = await call<Product>({ token: world.token }, "GET", `/products/${id}`);
      expect(variants.slice(1).map(({ name, options, price }) => [name, options, price.amount])).toEqual([
        ["S", { size: "S" }, 1234],
        ["M", { size: "M" }, 1234],
      ]);
    });

    it("move stock with a reason", async () => {
      const { page } = seat;
      const { id } = await makeProduct();
      await page.goto(`/products/${id}/stock`);
      await page.fill("[name=delta]", "-2");
      await page.fill("[name=reason]", "Two were broken");
      await page.click("form[data-main] [type=submit]");
      await page.locator("td", { hasText: "Two were broken" }).waitFor();
    });

    it("raise no error and ask no other host", () => expect(seat.faults).toEqual([]));
  });
}

describe("the catalogue's pages", () => {
  let seat: Seat;
  let paths: string[];
  before(async () => {
    seat = await takeSeat(
      browser,
      { email: setting("TEST_ADMIN_EMAIL"), password: setting("TEST_ADMIN_PASSWORD") },
      world.store.slug,
    );
    const caller = { token: world.token, store: world.store.slug };
    const { id } = await makeProduct();
    const category = await call<{ id: string }>(caller, "POST", "/categories", {
      name: "Cups",
      slug: `cups-${unique()}`,
    });
    const hook = { url: "http://127.0.0.1:9/", event_types: ["*"] };
    const webhook = await call<{ id: string }>(caller, "POST", "/webhooks", hook);
    paths = [
      "/products",
      "/products/new",
      `/products/${id}`,
      `/products/${id}/stock`,
      "/products/import",
      "/categories",
    ];
    paths.push(`/categories/${category.id}`, "/stores", "/stores/new", `/stores/${world.store.id}`, "/webhooks");
    paths.push("/webhooks/new", `/webhooks/${webhook.id}`, "/audit", "/settings");
    paths.push("/payments/settings", "/orders?status=paid&q=ada");
  });
  after(() => seat?.context.close());

  it("have nothing that axe-core finds serious, light or dark, wide or narrow", async () => {
    const { page } = seat;
    // In the dark only colours and sizes differ.
    const dark = ["color-contrast", "target-size", "scrollable-region-focusable"];
    for (const [width, colorScheme, rules] of [[1280, "light"], [390, "dark", dark]] as const) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      for (const path of paths) {
        await page.goto(path);
        expect([path, width, await seriousFaults(page, rules)]).toEqual([path, width, []]);
      }
    }
  });

  it("scroll to no side on a phone", async () => {
    await seat.page.setViewportSize({ width: 390, height: 900 });
    for (const path of paths) {
      await seat.page.goto(path);
      const beyond = await seat.page.evaluate("document.documentElement.scrollWidth - innerWidth");
      expect([path, beyond]).toEqual([path, 0]);
    }
  });

  it("keep all columns in view behind a long name", async () => {
    const { id } = await makeProduct({ name: "Donaudampfschifffahrt".repeat(9), sku: `LONG-${unique()}`.repeat(4) });
    const url = `https://example.com/${"long".repeat(60)}`;
    await call({ token: world.token, store: world.store.slug }, "POST", "/webhooks", { url, event_types: ["*"] });
    await seat.page.setViewportSize({ width: 1280, height: 900 });
    for (const path of ["/products", `/products/${id}/stock`, "/webhooks"]) {
      await seat.page.goto(path);
      const beyond = await seat.page.locator(".table-wrap").first().evaluate((list) => {
        const { scrollWidth, clientWidth } = list as unknown as { scrollWidth: number; clientWidth: number };
        return scrollWidth - clientWidth;
      });
      expect([path, beyond]).toEqual([path, 0]);
    }
  });

  it("load at most 60 KB of scripts", async () => {
    const page = await seat.context.newPage();
    for (const path of paths) {
      const bytes = await scriptBytes(page, path);
      expect([path, bytes <= MAX_SCRIPT, bytes]).toEqual([path, true, bytes]);
    }
    await page.close();
  });

  it("ask before typed changes are left", async () => {
    const page = await seat.context.newPage();
    const asked: string[] = [];
    page.on("dialog", async (dialog) => {
      asked.push(dialog.type());
      await dialog.accept();
    });
    await page.goto("/products/new", { waitUntil: "networkidle" });
    await page.fill("[name=name]", "Unfinished");
    await page.goto("/products");
    expect(asked).toEqual(["beforeunload"]);
    for (const path of ["/categories", "/profile", `/stores/${world.store.id}`, "/webhooks/new"]) {
      await page.goto(path, { waitUntil: "networkidle" });
      await page.locator("form[data-main] input:not([type=hidden], :disabled)").first().fill("Unfinished");
      asked.length = 0;
      await page.goto("/products");
      expect([path, ...asked]).toEqual([path, "beforeunload"]);
    }
    await page.close();
  });

  it("take no more images at once than can be sent, and lose nothing typed", async () => {
    const page = await seat.context.newPage();
    const file = (name: string, mebibytes: number) => ({
      name,
      mimeType: "image/png",
      buffer: Buffer.alloc(mebibytes * 1024 * 1024),
    });
    await page.goto("/products/new", { waitUntil: "networkidle" });
    await page.fill("[name=name]", "Pictured");
    const valid = () => page.evaluate("document.querySelector('[name=image_file]').validationMessage");
    await page.setInputFiles("[name=image_file]", [file("a.png", 3), file("b.png", 4)]);
    expect(await valid()).toContain("more than 5 MB");
    await page.click("form[data-main] .actions [type=submit]");
    expect([new URL(page.url()).pathname, await page.inputValue("[name=name]")]).toEqual(["/products/new", "Pictured"]);
    await page.setInputFiles("[name=image_file]", [file("b.png", 4)]);
    expect(await valid()).toBe("");
    await page.close();
  });

  it("choose all rows by one box", async () => {
    const { page } = seat;
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.goto("/products", { waitUntil: "networkidle" });
    await page.getByLabel("Choose all on this page").check();
    const chosen = () => page.locator("tbody input[name=ids]:checked").count();
    expect(await chosen()).toBe(await page.locator("tbody tr").count());
    await page.locator("tbody input[name=ids]").first().uncheck();
    expect(await page.getByLabel("Choose all on this page").isChecked()).toBe(false);
  });

  it("show how far an import is", async () => {
    const { page } = seat;
    await page.goto("/products/import", { waitUntil: "networkidle" });
    const rows = Array.from({ length: 120 }, (_, at) => `Bulk ${at},${unique()}-${at},1.50`);
    await page.fill("[name=table]", ["name,sku,price", ...rows].join("\n"));
    const told: string[] = [];
    await page.exposeFunction("tell", (text: string) => told.push(text));
    await page.evaluate(`new MutationObserver(() => {
      const bar = document.querySelector("progress");
      if (bar) tell(bar.value + "/" + bar.max);
    }).observe(document.querySelector("form[data-main]"), { subtree: true, childList: true, attributes: true })`);
    await page.getByRole("button", { name: "Preview" }).click();
    await page.getByText("120 new, 0 changed, 0 unchanged, 0 refused.").waitFor();
    expect(told).toContain("50/120");
    await page.getByRole("button", { name: "Import now" }).click();
    await page.getByText("Imported: 120 new, 0 changed.").waitFor();
  });

  it("work like a sheet: another line, and a pasted block", async () => {
    const { page } = seat;
    await page.goto("/products/new", { waitUntil: "networkidle" });
    await page.getByText("It comes in several variants").click();
    const rows = await page.locator("#variants tbody tr").count();
    await page.getByRole("button", { name: "Add a line" }).click();
    expect(await page.locator("#variants tbody tr").count()).toBe(rows + 1);
    await page.locator("[name=variant_sku]").first().focus();
    await page.evaluate(`(() => {
      const data = new DataTransfer();
      data.setData("text/plain", "A-1\\tFirst\\t1.50\\nA-2\\tSecond\\t2.50");
      document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    })()`);
    const prices = await page.locator("[name=variant_price]").evaluateAll((cells) =>
      cells.slice(0, 2).map((cell) => (cell as unknown as { value: string }).value)
    );
    expect(prices).toEqual(["1.50", "2.50"]);
  });
});

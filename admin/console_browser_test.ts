import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { consoleUrl, hire, type Login, openStore, operator, sell, type World } from "./testing.ts";
import { openBrowser, seriousFaults } from "./testing_browser.ts";

describe("the console in Chromium", () => {
  let browser: Browser;
  let world: World;
  let manager: Login;
  const open: BrowserContext[] = [];
  const signedIn = new Map<string, Awaited<ReturnType<BrowserContext["storageState"]>>>();

  /** A new browser in which somebody signed in to the tests' store: by the form, from then on by the cookies of that. */
  async function signIn(login: Login, options: Parameters<Browser["newContext"]>[0] = {}): Promise<Page> {
    const storageState = signedIn.get(login.email);
    const context = await browser.newContext({
      baseURL: consoleUrl(),
      ...options,
      ...(storageState ? { storageState } : {}),
    });
    open.push(context);
    const page = await context.newPage();
    if (storageState) return page;
    await page.goto(`/login?next=${encodeURIComponent(`/?store=${world.store.slug}`)}`);
    await page.getByLabel("E-mail").fill(login.email);
    await page.getByLabel("Password").fill(login.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { level: 1, name: "Browser store" }).waitFor();
    signedIn.set(login.email, await context.storageState());
    return page;
  }

  const flash = (page: Page) => page.locator(".flash").textContent();

  before(async () => {
    browser = await openBrowser();
    world = await openStore("Browser store");
    manager = await hire(world, "manager");
  });

  after(async () => {
    for (const context of open) await context.close();
    await browser?.close();
  });

  for (const javaScriptEnabled of [true, false]) {
    describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
      it("fulfils an order and gives money back", async () => {
        const page = await signIn(manager, { javaScriptEnabled });
        const order = await sell(world);
        await page.goto(`/orders?q=${order.number}`);
        await page.getByRole("link", { name: `#${order.number}` }).click();

        await page.getByRole("button", { name: "Start processing" }).click();
        expect(await flash(page)).toBe(`Order #${order.number} is now processing.`);

        await page.getByLabel("Carrier").fill("DHL");
        await page.getByLabel("Tracking number").fill("JD0001");
        await page.getByRole("button", { name: "Ship", exact: true }).click();
        expect(await flash(page)).toContain("on its way with DHL");
        expect(await page.locator(".page-head .badge").first().textContent()).toBe("Shipped");

        await page.getByText("Refund…").click();
        await page.getByLabel("Amount to refund").fill("5.50");
        await page.getByLabel("An amount").check();
        await page.getByLabel("Reason (optional)").last().fill("Scratched");
        if (javaScriptEnabled) expect(await page.locator("output").textContent()).toBe("$5.50");
        await page.getByRole("button", { name: /^Refund/ }).click();
        expect(await flash(page)).toBe("Refunded $5.50.");

        await page.getByText("Refund…").click();
        await page.getByRole("button", { name: /^Refund/ }).click();
        expect(await flash(page)).toBe("Refunded $14.50.");
        await page.reload();
        expect(await page.locator("#payment").textContent()).toContain("$20.00");
        expect(await page.locator("#timeline").textContent()).toContain("Scratched");
      });

      it("cancels an order after asking once", async () => {
        const page = await signIn(manager, { javaScriptEnabled });
        const order = await sell(world);
        await page.goto(`/orders/${order.id}`);
        const sure = page.getByRole("button", { name: "Cancel the order" });
        expect(await sure.isVisible()).toBe(false);
        await page.getByText("Cancel order").click();
        await page.getByLabel("Put the goods back into stock").last().uncheck();
        await sure.click();
        expect(await flash(page)).toBe(`Order #${order.number} is cancelled.`);
      });

      it("moves many orders at once", async () => {
        const page = await signIn(manager, { javaScriptEnabled });
        const orders = [await sell(world), await sell(world)];
        await page.goto("/orders?status=paid");
        for (const { number } of orders) await page.getByLabel(`Choose #${number}`).check();
        await page.getByRole("button", { name: "Apply" }).click();
        expect(await flash(page)).toBe("2 orders are now processing.");
        expect(await page.getByRole("link", { name: `#${orders[0]?.number}` }).count()).toBe(0);
      });

      it("changes its colours", async () => {
        const page = await signIn(manager, { javaScriptEnabled, colorScheme: "light" });
        const colour = () => page.locator("html").getAttribute("data-theme");
        await page.goto("/orders");
        await page.getByRole("button", { name: "Dark" }).click();
        expect([await colour(), new URL(page.url()).pathname]).toEqual(["dark", "/orders"]);
      });
    });
  }

  it("captures what was only reserved", async () => {
    const page = await signIn(manager);
    const order = await sell(world, { payment: { method: "manual", token: "" } });
    await page.goto(`/orders/${order.id}`);
    await page.getByRole("button", { name: "Capture" }).click();
    expect(await flash(page)).toBe("Captured $20.00.");
  });

  it("finds an order from anywhere by the keyboard", async () => {
    const page = await signIn(manager);
    const order = await sell(world);
    await page.goto("/payments");
    await page.locator("body").press("Control+k");
    await page.getByRole("combobox", { name: "Search orders" }).fill(String(order.number));
    await page.getByRole("option", { name: `Order #${order.number}` }).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/orders/${order.id}`);
  });

  it("refuses a form that another site sends", async () => {
    const page = await signIn(manager);
    const order = await sell(world);
    const evil = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
      const form = `<form method="post" action="${consoleUrl()}/orders/${order.id}">
        <input name="action" value="cancel"></form><script>document.forms[0].submit()</script>`;
      return new Response(form, { headers: { "Content-Type": "text/html" } });
    });
    try {
      // Another site's address for the same machine: cookies go by the host's name.
      await page.goto(`http://localhost:${evil.addr.port}/`);
      await page.waitForURL(`${consoleUrl()}/**`);
      await page.goto(`${consoleUrl()}/orders/${order.id}`);
      expect(await page.locator(".page-head .badge").first().textContent()).toBe("Paid");
    } finally {
      await evil.shutdown();
    }
  });

  it("asks no other host, and loads at most 60 KB of scripts a page", async () => {
    const page = await signIn(manager);
    const order = await sell(world);
    let [scripts, elsewhere] = [0, 0];
    page.on("response", async (response) => {
      if (new URL(response.url()).origin !== new URL(consoleUrl()).origin) elsewhere++;
      if (response.request().resourceType() === "script") scripts += (await response.body()).length;
    });
    for (const path of ["/", `/orders/${order.id}`]) {
      scripts = 0;
      await page.goto(path, { waitUntil: "networkidle" });
      expect([path, scripts > 0, scripts <= 60_000]).toEqual([path, true, true]);
    }
    expect(elsewhere).toBe(0);
  });

  it("has nothing serious for axe-core to say, in light and dark", async () => {
    // Colours that fade into each other would be caught half-way.
    const page = await signIn(operator(), { reducedMotion: "reduce" });
    const [reserved, paid] = [
      await sell(world, { payment: { method: "manual", token: "" } }),
      await sell(world),
    ];
    const first = async (list: string) => {
      await page.goto(list);
      return await page.locator(".row-link").first().getAttribute("href") ?? "";
    };
    const paths = [
      ...["/", "/orders", `/orders/${reserved.id}`, `/orders/${paid.id}`, `/orders/${paid.id}/print`],
      ...["/payments", await first("/payments"), "/customers", "/staff", await first("/staff")],
      ...["/profile", "/settings", "/search?q=ada", "/nowhere"],
    ];
    for (const path of paths) {
      await page.emulateMedia({ colorScheme: "light" });
      await page.goto(path);
      for (const details of await page.locator("main details > summary").all()) await details.click();
      expect([path, await seriousFaults(page)]).toEqual([path, []]);
      await page.emulateMedia({ colorScheme: "dark" });
      expect([path, await seriousFaults(page, ["color-contrast"])]).toEqual([path, []]);
    }
  });
});

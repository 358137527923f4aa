import { after, before, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import type { Browser } from "playwright-core";
import { call, hire, openStore, sell, type World } from "./testing.ts";
import { openBrowser, type Seat, takeSeat } from "./testing_browser.ts";
import type { Shipment } from "./types.ts";

describe("an order in Chromium", () => {
  let browser: Browser;
  let world: World;
  let seat: Seat;

  before(async () => {
    [browser, world] = await Promise.all([openBrowser(), openStore()]);
    seat = await takeSeat(browser, await hire(world, "manager"), world.store.slug);
  });
  after(async () => {
    await seat?.context.close();
    await browser?.close();
  });

  it("is sent once by a button that is pressed twice while the answer is awaited", async () => {
    const { page } = seat;
    const { id } = await sell(world);
    let posts = 0;
    await page.route(`**/orders/${id}**`, async (route) => {
      if (route.request().method() !== "POST") return await route.continue();
      posts++;
      await new Promise((resolve) => setTimeout(resolve, 500));
      // The browser may have let go of it for the next.
      await route.continue().catch(() => {});
    });
    await page.goto(`/orders/${id}`, { waitUntil: "networkidle" });
    await page.locator("#ship input[type=number]").fill("1");
    await page.getByLabel("Carrier").fill("DHL");
    await page.getByLabel("Tracking number").fill("JD0001");
    await page.evaluate(`(() => {
      const button = document.querySelector("#ship [type=submit]");
      button.click();
      setTimeout(() => button.click(), 200);
    })()`);
    await page.getByText("on its way with DHL").waitFor();
    const caller = { token: world.token, store: world.store.slug };
    const { data } = await call<{ data: Shipment[] }>(caller, "GET", `/orders/${id}/shipments`);
    expect([posts, data.length]).toEqual([1, 1]);
    // The next form of the same page goes out.
    await page.getByLabel("Note for colleagues").fill("Half of it");
    await page.getByRole("button", { name: "Add note" }).click();
    await page.getByText("The note is kept.").waitFor();
  });

  it("names on the refund's button what is given back, or no sum where what is typed may mean two", async () => {
    const { page } = seat;
    const { id } = await sell(world);
    await page.goto(`/orders/${id}`, { waitUntil: "networkidle" });
    await page.getByText("Refund…").click();
    const says = () => page.locator("output").textContent();
    const amount = page.getByLabel("Amount to refund");
    for (const [text, shown] of [["5.5", "$5.50"], ["1,234.50", ""], ["1.234", ""], ["99", "$99.00"], ["x", ""]]) {
      await amount.fill(text!);
      expect([text, await says()]).toEqual([text, shown]);
    }
    await page.locator("#f-how input[type=number]").fill("1");
    expect([await says(), await amount.inputValue()]).toEqual(["$10.00", ""]);
    await page.getByLabel("All that is left").check();
    expect([await says(), await page.locator("#f-how input[type=number]").inputValue()]).toEqual(["$20.00", "0"]);
  });

  it("opens where something was refused, however far down, with the fields by their names", async () => {
    const { page } = seat;
    const { id } = await sell(world);
    await page.setViewportSize({ width: 390, height: 700 });
    await page.goto(`/orders/${id}`, { waitUntil: "networkidle" });
    await page.getByText("Refund…").click();
    await page.getByLabel("Amount to refund").fill("ten");
    await page.getByRole("button", { name: /^Refund/ }).click();
    const summary = page.locator("#payment .error-summary");
    await summary.waitFor();
    expect(await page.evaluate("document.activeElement.className")).toBe("error-summary");
    const { y = -1 } = await summary.boundingBox() ?? {};
    expect([y > 56, y < 700]).toEqual([true, true]);
    await page.goto(`/orders/${id}`, { waitUntil: "networkidle" });
    await page.getByLabel("Note for colleagues").fill("   ");
    await page.getByRole("button", { name: "Add note" }).click();
    await page.getByRole("link", { name: "Note: This must not be empty." }).waitFor();
  });

  it("is not opened by its number when another was typed since", async () => {
    const { page } = seat;
    const [first, second] = [await sell(world), await sell(world)];
    await page.goto("/payments", { waitUntil: "networkidle" });
    await page.locator("body").press("Control+k");
    const box = page.getByRole("combobox", { name: "Search orders" });
    await box.fill(String(first.number));
    await page.getByRole("option", { name: `Order #${first.number}` }).waitFor();
    await box.fill(String(second.number));
    await box.press("Enter");
    await page.waitForURL(`**/search?q=${second.number}`);
  });

  it("raises no error and asks no other host", () => expect(seat.faults).toEqual([]));
});

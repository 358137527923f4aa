import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { Secret, TOTP } from "otpauth";
import type { Browser, Page } from "playwright-core";
import { hire, type Login, openStore, type World } from "./testing.ts";
import { openBrowser, type Seat, seriousFaults, takeSeat } from "./testing_browser.ts";

describe("keys and second factors in the console", () => {
  let browser: Browser;
  let world: World;
  const seats: Seat[] = [];

  before(async () => {
    browser = await openBrowser();
    world = await openStore("Safe store");
  });

  after(async () => {
    for (const { context } of seats) await context.close();
    await browser?.close();
  });

  async function seat(scripts: boolean): Promise<Seat & { login: Login }> {
    const login = await hire(world, "manager");
    const taken = await takeSeat(browser, login, world.store.slug, scripts);
    seats.push(taken);
    return { ...taken, login };
  }

  /** Sets a second factor up by the page's forms; gives the app and the recovery codes. */
  async function enrol(page: Page): Promise<{ app: TOTP; recovery: string[] }> {
    await page.goto("/profile");
    await page.getByRole("link", { name: "Two-factor sign-in" }).click();
    await page.getByRole("button", { name: "Set up" }).click();
    expect(await page.locator("svg.qr path").getAttribute("d")).toContain("M");
    const secret = await page.locator("code.breaks").textContent() ?? "";
    const app = new TOTP({ secret: Secret.fromBase32(secret) });
    await page.getByLabel("Code of the app").fill("12");
    await page.getByRole("button", { name: "Turn on" }).click();
    expect(await page.getByRole("alert").textContent()).toContain("The code is wrong");
    await page.getByLabel("Code of the app").fill(app.generate());
    await page.getByRole("button", { name: "Turn on" }).click();
    const recovery = await page.locator(".recovery-codes code").allTextContents();
    expect(recovery.length).toBe(10);
    return { app, recovery };
  }

  it("signs in by a second step and confirms before a key is made, with scripts off", async () => {
    const { page, login, faults, context } = await seat(false);
    const { recovery } = await enrol(page);
    await context.clearCookies();
    await page.goto(`/login?next=${encodeURIComponent(`/settings?store=${world.store.slug}`)}`);
    await page.getByLabel("E-mail").fill(login.email);
    await page.getByLabel("Password").fill(login.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByLabel("Code").fill("000000");
    await page.getByRole("button", { name: "Sign in" }).click();
    expect(await page.getByRole("alert").textContent()).toContain("The code is wrong");
    await page.getByLabel("Code").fill(recovery[0] ?? "");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("link", { name: "API keys" }).click();

    await page.getByRole("link", { name: "Create a key" }).first().click();
    await page.getByLabel("Name").fill("Warehouse");
    await page.getByLabel("stock:write").check();
    await page.getByRole("button", { name: "Create key" }).click();
    expect(new URL(page.url()).pathname).toBe("/step-up");
    await page.getByLabel("Code").fill(recovery[1] ?? "");
    await page.getByRole("button", { name: "Confirm" }).click();
    // Nothing is typed twice.
    await page.getByRole("button", { name: "Do it now" }).click();
    expect(await page.locator(".flash").textContent()).toMatch(/nano_sk_[\w-]{43}/);
    expect(await page.getByRole("row").filter({ hasText: "Warehouse" }).textContent()).toContain("stock:write");
    await page.reload();
    expect(await page.locator("main").textContent()).not.toMatch(/nano_sk_[\w-]{43}/);
    // The operator's rules are not a manager's.
    expect((await page.goto("/security"))?.status()).toBe(403);
    expect(faults).toEqual([]);
  });

  it("makes and revokes a key without a second factor, and its pages are accessible", async () => {
    const { page, faults } = await seat(true);
    await page.goto("/api-keys/new");
    expect(await seriousFaults(page)).toEqual([]);
    await page.getByLabel("Name").fill("Front");
    await page.getByLabel("Kind").selectOption("publishable");
    await page.getByRole("button", { name: "Create key" }).click();
    const key = /nano_pk_[\w-]{43}/.exec(await page.locator(".flash").textContent() ?? "")?.[0] ?? "";
    const asked = () => fetch(`${Deno.env.get("TEST_GATEWAY_URL")}/products`, { headers: { "X-Api-Key": key } });
    expect((await asked()).status).toBe(200);
    expect(await seriousFaults(page)).toEqual([]);
    const row = page.getByRole("row").filter({ hasText: "Front" });
    await row.locator("summary").click();
    await row.getByRole("button", { name: "Revoke" }).click();
    expect(await page.locator(".flash").textContent()).toBe("The key is revoked.");
    expect((await asked()).status).toBe(401);
    await page.goto("/two-factor");
    await page.getByRole("button", { name: "Set up" }).click();
    await page.locator("svg.qr").waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await page.setViewportSize({ width: 360, height: 800 });
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    expect(faults).toEqual([]);
  });
});

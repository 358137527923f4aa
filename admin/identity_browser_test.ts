import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { call, consoleUrl, hire, type Login, mailedLink, openStore, unique, type World } from "./testing.ts";
import { openBrowser, type Seat, seriousFaults, takeSeat } from "./testing_browser.ts";

const PASSWORD = "correct horse battery";

describe("invitations, links and sessions in the console", () => {
  let browser: Browser;
  let world: World;
  /** A manager, signed in. */
  let boss: Seat;
  const open: BrowserContext[] = [];

  before(async () => {
    browser = await openBrowser();
    world = await openStore("Inviting store");
    boss = await seat(await hire(world, "manager"));
  });

  after(async () => {
    for (const context of open) await context.close();
    await browser?.close();
  });

  async function seat(login: Login, scripts = true): Promise<Seat> {
    const taken = await takeSeat(browser, login, world.store.slug, scripts);
    open.push(taken.context);
    return taken;
  }

  /** A browser of somebody who has never been here. */
  async function stranger(scripts: boolean): Promise<Page> {
    const context = await browser.newContext({ baseURL: consoleUrl(), javaScriptEnabled: scripts });
    open.push(context);
    return await context.newPage();
  }

  /** Opens a mail's link; a proxy may stand before the console, so only its path counts. */
  async function follow(page: Page, link: string): Promise<void> {
    const { pathname, search } = new URL(link);
    await page.goto(pathname + search);
  }

  const flash = (page: Page) => page.locator(".flash").textContent();
  const heading = (page: Page, name: string) => page.getByRole("heading", { level: 1, name }).waitFor();

  it("a manager invites; who is invited makes an account by the link and works there, without scripts", async () => {
    const { page: manages } = boss;
    await manages.goto("/staff");
    await manages.getByRole("link", { name: "Invitations" }).click();
    await manages.getByText("Nobody is invited").waitFor();
    const email = `${unique()}@nano.test`;
    await manages.getByLabel("E-mail").fill(email);
    await manages.getByLabel("Role").selectOption("support");
    await manages.getByRole("button", { name: "Invite" }).click();
    expect(await flash(manages)).toContain(`The invitation to ${email} is on its way.`);
    expect(await seriousFaults(manages)).toEqual([]);

    const { link } = await mailedLink(email, "invitation");
    const page = await stranger(false);
    await follow(page, link);
    expect(await page.getByText("You are invited to work for Inviting store, as support.").isVisible()).toBe(true);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByLabel("Password again").fill("something else");
    await page.getByRole("button", { name: "Accept the invitation" }).click();
    expect(await page.getByRole("alert").textContent()).toContain("The two do not agree.");
    await page.getByLabel("Name").fill("Ada Lovelace");
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByLabel("Password again").fill(PASSWORD);
    await page.getByRole("button", { name: "Accept the invitation" }).click();
    expect(await flash(page)).toContain("Welcome to Inviting store.");
    await page.goto("/profile");
    expect(await page.getByText("Confirmed", { exact: true }).isVisible()).toBe(true);
    // The link works once.
    const late = await stranger(false);
    await follow(late, link);
    expect(await late.getByRole("alert").textContent()).toContain("used already");

    // Signing in works, with what was chosen.
    await seat({ email, password: PASSWORD }, false).then(({ page }) => heading(page, "Settings"));
    await manages.goto("/staff/invitations");
    await manages.getByText("Nobody is invited").waitFor();
  });

  it("a customer signs in to accept, and an invitation is taken back", async () => {
    const login = { email: `${unique()}@nano.test`, password: PASSWORD };
    await call({}, "POST", "/auth/register", login);
    const { page: manages } = boss;
    const invite = async (email: string) => {
      await manages.goto("/staff/invitations");
      await manages.getByLabel("E-mail").fill(email);
      await manages.getByRole("button", { name: "Invite" }).click();
    };
    await invite(login.email);
    const page = await stranger(true);
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(String(error)));
    await follow(page, (await mailedLink(login.email, "invitation")).link);
    expect(await seriousFaults(page)).toEqual([]);
    await page.getByRole("link", { name: "Sign in to accept" }).click();
    await page.getByLabel("E-mail").fill(login.email);
    await page.getByLabel("Password").fill(login.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("button", { name: "Accept the invitation" }).click();
    expect(await flash(page)).toContain("Welcome to Inviting store.");
    expect(faults).toEqual([]);

    const other = `${unique()}@nano.test`;
    await invite(other);
    const { link } = await mailedLink(other, "invitation");
    await manages.getByRole("button", { name: `Take back ${other}` }).click();
    expect(await flash(manages)).toContain("taken back");
    const late = await stranger(false);
    await follow(late, link);
    expect(await late.getByRole("alert").textContent()).toContain("not valid");
  });

  it("a forgotten password is set by the link; the old session and the old password are dead", async () => {
    const login = await hire(world, "support");
    const old = await seat(login, false);
    const page = await stranger(false);
    await page.goto("/login");
    await page.getByRole("link", { name: "Forgot your password?" }).click();
    await page.getByLabel("E-mail").fill(login.email);
    await page.getByRole("button", { name: "Send the link" }).click();
    expect(await page.getByRole("status").textContent()).toContain("If there is an account");
    const { link } = await mailedLink(login.email, "reset-password");
    const set = async (password: string) => {
      await page.getByLabel("New password", { exact: true }).fill(password);
      await page.getByLabel("New password again").fill(password);
      await page.getByRole("button", { name: "Set the password" }).click();
    };
    await follow(page, link);
    await set("password");
    expect(await page.getByRole("alert").textContent()).toContain("among the first that are tried");
    await set(PASSWORD);
    expect(await page.getByRole("status").textContent()).toContain("Your new password is set.");

    await old.page.goto("/orders");
    expect(new URL(old.page.url()).pathname).toBe("/login");
    await call({}, "POST", "/auth/login", { ...login, password: PASSWORD });
  });

  it("an e-mail address is confirmed by a button, not by opening the link", async () => {
    const login = await hire(world, "support");
    const { page } = await seat(login);
    // The registration's, which is no good any more once there is another.
    const { name } = await mailedLink(login.email, "verify-email");
    await page.goto("/profile");
    await page.getByRole("button", { name: "Send a link to confirm it" }).click();
    expect(await flash(page)).toContain("is on its way");
    const { link } = await mailedLink(login.email, "verify-email", name);
    await follow(page, link);
    expect(await seriousFaults(page)).toEqual([]);
    await page.goto("/profile");
    await page.getByText("Not confirmed").waitFor();
    await follow(page, link);
    await page.getByRole("button", { name: "Yes, it is mine" }).click();
    await page.getByRole("status").waitFor();
    await page.goto("/profile");
    await page.getByText("Confirmed", { exact: true }).waitFor();
  });

  it("sessions are seen and ended: one's own, and by a manager those of the staff", async () => {
    const login = await hire(world, "support");
    const signIn = async () => (await call<{ access_token: string }>({}, "POST", "/auth/login", login)).access_token;
    const others = [await signIn(), await signIn()];
    const alive = (token: string) => call({ token }, "GET", "/users/me").then(() => true, () => false);
    const { page, faults } = await seat(login);
    await page.goto("/profile");
    await page.getByRole("link", { name: "Sessions" }).click();
    await page.getByText("This one", { exact: true }).waitFor();
    expect(await page.getByRole("cell", { name: "Chrome on Linux" }).count()).toBe(1);
    expect(await seriousFaults(page)).toEqual([]);
    await page.getByRole("button", { name: /^End Deno/ }).first().click();
    expect(await flash(page)).toContain("has ended");
    expect((await Promise.all(others.map(alive))).toSorted()).toEqual([false, true]);
    await page.locator(".confirm summary").click();
    await page.locator(".confirm-box button").click();
    expect(await flash(page)).toContain("have ended");
    expect(await Promise.all(others.map(alive))).toEqual([false, false]);

    const { page: manages } = boss;
    await manages.goto("/staff");
    await manages.getByRole("link", { name: login.email }).click();
    await manages.getByRole("link", { name: "Sessions" }).click();
    await manages.locator(".confirm summary").click();
    await manages.locator(".confirm-box button").click();
    await manages.getByText("Signed in nowhere").waitFor();
    await page.goto("/orders");
    expect(new URL(page.url()).pathname).toBe("/login");
    expect([...faults, ...boss.faults]).toEqual([]);
  });
});

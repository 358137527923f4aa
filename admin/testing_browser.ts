/** For browser tests only: Chromium, signed in, with an eye for what is wrong with a page. */
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { consoleUrl, type Login, setting } from "./testing.ts";

const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Chromium where the test runner found it. */
export async function openBrowser(): Promise<Browser> {
  return await chromium.launch({ executablePath: setting("TEST_CHROMIUM"), args: ARGS });
}

/** Somebody at the console: a window, and the errors that its pages raised. */
export interface Seat {
  context: BrowserContext;
  page: Page;
  /** Script errors, blocked content, requests to other hosts. */
  faults: string[];
}

/** Signs in for a store, with scripts or without. */
export async function takeSeat(browser: Browser, login: Login, store: string, scripts = true): Promise<Seat> {
  const context = await browser.newContext({ baseURL: consoleUrl(), javaScriptEnabled: scripts });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(`${page.url()}: ${error}`));
  page.on("console", (message) => {
    // A refused form is answered by 409 or 422, which Chromium calls an error.
    const refused = /status of (403|404|409|422)/.test(message.text());
    if (message.type() === "error" && !refused) faults.push(`${page.url()}: ${message.text()}`);
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith("http") && url.origin !== new URL(consoleUrl()).origin) faults.push(`asked ${url}`);
  });
  page.on("dialog", (dialog) => {
    faults.push(`${page.url()}: dialog ${dialog.message()}`);
    dialog.dismiss().catch(() => {});
  });
  await page.goto(`/login?next=${encodeURIComponent(`/settings?store=${store}`)}`);
  await page.fill("[name=email]", login.email);
  await page.fill("[name=password]", login.password);
  await page.click("main [type=submit]");
  await page.waitForURL("**/settings?store=*");
  return { context, page, faults };
}

interface AxeResult {
  violations: { id: string; impact: string; nodes: { html: string }[] }[];
}

/** What axe-core finds serious or worse in a page; by some of its rules only, where those are named. */
export async function seriousFaults(page: Page, rules?: readonly string[]): Promise<string[]> {
  const url = import.meta.resolve("axe-core");
  const { default: axe } = await import(url) as { default: { source: string } };
  if (!await page.evaluate("'axe' in window")) await page.evaluate(axe.source);
  const { violations } = await page.evaluate(
    // Only what is wrong is worked out in full, and no stylesheet is fetched again.
    `axe.run(${JSON.stringify({ resultTypes: ["violations"], preload: false, ...(rules ? { runOnly: rules } : {}) })})`,
  ) as AxeResult;
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${new URL(page.url()).pathname} ${id}: ${nodes[0]?.html}`);
}

/** The bytes of scripts that a page loads, as they come over the wire without compression. */
export async function scriptBytes(page: Page, path: string): Promise<number> {
  const sizes: Promise<number>[] = [];
  const note = (response: { url(): string; body(): Promise<{ length: number }> }) => {
    if (/\.js(\?|$)/.test(response.url())) sizes.push(response.body().then(({ length }) => length));
  };
  page.on("response", note);
  // Modules have run when the page has loaded.
  await page.goto(path, { waitUntil: "load" });
  page.off("response", note);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { type Browser, chromium, type Page } from "playwright-core";
import { ask } from "./fixtures/site.ts";

const CHROMIUM = "/usr/bin/chromium";
const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];

const describeIfThere = exists(CHROMIUM) ? describe : describe.skip;

describeIfThere("islands in Chromium", () => {
  let server: Deno.HttpServer<Deno.NetAddr>;
  let browser: Browser;
  let page: Page;
  const faults: string[] = [];

  before(async () => {
    server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
      const { pathname, search } = new URL(request.url);
      return await ask(pathname + search);
    });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
    page = await browser.newPage();
    page.on("pageerror", (error) => faults.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error" && !message.location().url.endsWith("/favicon.ico")) faults.push(message.text());
    });
    await page.goto(`http://127.0.0.1:${server.addr.port}/islands`);
    await page.getByText("started").waitFor();
  });

  after(async () => {
    await browser?.close();
    await server?.shutdown();
  });

  it("come to life under a strict policy", async () => {
    expect(await page.locator("#local").isEnabled()).toBe(true);
    expect(await page.evaluate("document.querySelectorAll('#local').length")).toBe(1);
  });

  it("share their signals", async () => {
    await page.locator("#first").click();
    expect(await page.locator("#first").textContent()).toBe("Count: 4");
    expect(await page.locator("#second").textContent()).toBe("Count: 4");
  });

  it("have their props back", async () => {
    const shown = "1970-01-01T00:00:00.000Z | bigint | 12345678901234567890 | a,b | true | undefined | 1299 | true | ";
    expect(await page.locator("#values").textContent()).toBe(`${shown}</script><!-- & <b>`);
  });

  it("show JSX that the server rendered, islands in it alive", async () => {
    expect(await page.locator("#toggle em").textContent()).toBe("Slot title");
    expect(await page.locator("#content").count()).toBe(0);
    await page.locator("#toggle").click();
    expect(await page.locator("#content p").textContent()).toBe("Slot text");
    expect(await page.locator("#nested").textContent()).toBe("Count: 4");
    await page.locator("#nested").click();
    expect(await page.locator("#second").textContent()).toBe("Count: 5");
    await page.locator("#toggle").click();
    await page.locator("#toggle").click();
    expect(await page.locator("#nested").textContent()).toBe("Count: 5");
  });

  it("set the page's title by <Head>", async () => {
    await page.waitForFunction("document.title === 'Open'");
  });

  it("raise no error", () => expect(faults).toEqual([]));
});

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

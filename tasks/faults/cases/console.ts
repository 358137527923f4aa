import { SILENCE } from "../client.ts";
import { expectAnswer, sendJson } from "../hostile/rough.ts";
import { person, setScene } from "../hostile/scene.ts";
import { ADDRESS } from "../shopper.ts";
import type { Fault, Trial } from "../trial.ts";

/** What runs where text is put into a page as it is: in content, in an attribute, in a script's data, in a link. */
const SCRIPTS = [
  "<script>planted()</script>",
  "<img src=x onerror=planted()>",
  '"><svg onload=planted()>',
  "' onmouseover='planted()",
  "</title></textarea></script><script>planted()</script>",
  "javascript:planted()",
  "<!--<script>planted()//",
];

/** A browser's part of a session with the console: keeps cookies, follows nothing. */
class Browser {
  readonly #jar = new Map<string, string>();

  constructor(readonly trial: Trial, readonly origin: string) {}

  async send(path: string, init: RequestInit = {}): Promise<{ status: number; headers: Headers; html: string }> {
    const headers = new Headers(init.headers);
    headers.set("cookie", [...this.#jar].map((pair) => pair.join("=")).join("; "));
    const began = performance.now();
    const response = await fetch(this.origin + path, { ...init, headers, redirect: "manual" });
    const html = await response.text();
    const answer = { status: response.status, body: SILENCE, replayed: false };
    this.trial.tally.count(
      { ...answer, milliseconds: performance.now() - began },
      `${init.method ?? "GET"} console${path}`,
    );
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      this.#jar.set(name, value);
      const isSafe = /httponly/i.test(line) && /samesite=(lax|strict)/i.test(line);
      if (value && /session/i.test(name)) {
        this.trial.expect(isSafe, `the cookie ${line.replace(value, "…")} is not safe`);
      }
    }
    return { status: response.status, headers: response.headers, html };
  }

  post(path: string, fields: Record<string, string>, headers: Record<string, string> = {}) {
    return this.send(path, { method: "POST", body: new URLSearchParams(fields), headers });
  }
}

/** What is in the page as it would run: a tag that was written, a handler outside of a quoted value, a link. */
function planted(html: string): string | undefined {
  const bare = html.replaceAll(/="[^"]*"/g, '=""');
  return /<script>\s*planted|<img src=x|<svg onload|href="javascript:|<\/title><\/textarea>/i.exec(html)?.[0] ??
    /<[a-z][^<>]*\son\w+=[^<>]{0,40}/i.exec(bare)?.[0];
}

/** Attacks on the console. */
export const CONSOLE: readonly Fault[] = [
  {
    number: 39,
    title: "CSRF and stored XSS in the admin",
    async run(trial) {
      const scene = await setScene(trial);
      const browser = new Browser(trial, trial.world.shop.admin);
      const { email, password } = trial.world.operator;
      const login = await browser.post("/login", { email, password });
      if (login.status !== 303) throw new Error(`Cannot sign in to the console: ${login.status}`);
      await trial.load({ shoppers: 4, seconds: 2, users: 0 }, async () => {
        await crossSite(trial, browser, scene.order_id);
        await stored(trial, browser);
      });
      trial.expectNoServerErrors();
    },
  },
];

/** Posts of another site's page, with the operator's cookies. */
async function crossSite(trial: Trial, browser: Browser, order_id: string): Promise<void> {
  const forms: [string, Record<string, string>][] = [
    [`/orders/${order_id}`, { action: "note", text: "planted" }],
    [`/orders/${order_id}`, { action: "cancel", reason: "planted" }],
    ["/orders", { ids: order_id, status: "processing" }],
    ["/products/new", { name: "planted", sku: "planted", price: "1", stock: "1" }],
    ["/staff", { email: "planted@example.com", role: "manager" }],
    ["/login", { email: "planted@example.com", password: "planted" }],
    ["/logout", {}],
    ["/theme", { theme: "dark" }],
  ];
  const origins: Record<string, string>[] = [
    { origin: "https://evil.test" },
    { origin: "null" },
    { origin: `${browser.origin}.evil.test` },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site", origin: "http://sub.localhost" },
  ];
  const [before] = await trial.query(`select version from "order".orders where id = $1`, [order_id]);
  for (const [path, fields] of forms) {
    for (const headers of origins) {
      const { status } = await browser.post(path, fields, headers);
      trial.expect(status === 403, `a post to ${path} with ${JSON.stringify(headers)} was answered ${status}`);
    }
  }
  const [after] = await trial.query(`select version from "order".orders where id = $1`, [order_id]);
  trial.expect(after.version === before.version, "a cross-site post changed an order");
  const { status, html } = await browser.send(`/orders/${order_id}`);
  trial.expect(status === 200 && !html.includes("planted"), `the order's page is ${status}, or shows what was planted`);
}

/** Text that would run, in every field that the console shows. */
async function stored(trial: Trial, browser: Browser): Promise<void> {
  const victim = await person(trial);
  const paths = [
    "/",
    "/orders",
    "/payments",
    "/products",
    "/customers",
    "/categories",
    "/webhooks",
    "/audit",
    "/stores",
  ];
  for (const script of SCRIPTS) {
    const made = async (what: string, work: ReturnType<typeof sendJson>) => {
      const answer = await work;
      expectAnswer(trial, `${what} ${script}`, answer, [200, 201, 400]);
      return answer.status < 300 ? answer.body : undefined;
    };
    const staff = { who: trial.staff };
    const sku = `X-${crypto.randomUUID().slice(0, 8)}${script}`.slice(0, 100);
    const product = await made(
      "a product",
      sendJson(trial, "POST", "/products", {
        name: script,
        description: script,
        sku,
        price: 100,
        stock: 5,
        attributes: { [script]: script },
      }, staff),
    );
    await made(
      "a category",
      sendJson(trial, "POST", "/categories", { slug: `x-${crypto.randomUUID()}`, name: script }, staff),
    );
    await made("a name", sendJson(trial, "PATCH", "/users/me", { name: script }, { who: victim }));
    await made(
      "an item",
      sendJson(trial, "POST", "/cart/items", {
        variant_id: product?.variants[0]?.id ?? trial.shelves[0]?.variant_id,
        quantity: 1,
      }, { who: victim }),
    );
    const address = { ...ADDRESS, name: script, line1: script, city: script };
    const order = await made(
      "an order",
      sendJson(trial, "POST", "/orders", {
        shipping_address: address,
        billing_address: address,
        note: script,
        payment: { method: "test", token: "tok_ok" },
      }, { who: victim }),
    );
    if (!order) continue;
    await made("a note", sendJson(trial, "POST", `/orders/${order.id}/notes`, { text: script }, staff));
    await made(
      "a shipment",
      sendJson(trial, "POST", `/orders/${order.id}/shipments`, { carrier: script, tracking_number: script }, staff),
    );
    await made(
      "a status",
      sendJson(trial, "PUT", `/orders/${order.id}/status`, { status: "delivered", reason: script }, staff),
    );
    paths.push(`/orders/${order.id}`, `/orders/${order.id}/print`, `/customers/${victim.id}`);
    if (product) paths.push(`/products/${product.id}`);
    const typed = encodeURIComponent(script);
    paths.push(`/orders?q=${typed}`, `/products?q=${typed}`, `/search?q=${typed}`, `/login?next=${typed}`, `/${typed}`);
  }
  const store = `store=${trial.client.store}`;
  let shown = 0;
  for (const path of [...new Set(paths)]) {
    const { html, headers, status } = await browser.send(path.includes("?") ? `${path}&${store}` : `${path}?${store}`);
    if (status === 200) shown += html.includes("planted()") ? 1 : 0;
    const found = planted(html);
    trial.expect(found === undefined, `${path} has ${found} in it`);
    const policy = headers.get("content-security-policy") ?? "";
    const isStrict = /script-src [^;]*/.test(policy) && !/script-src[^;]*'unsafe-(inline|eval)'/.test(policy);
    if (/text\/html/.test(headers.get("content-type") ?? "")) {
      trial.expect(isStrict, `${path} has the policy "${policy}"`);
    }
  }
  trial.notes.push(`${shown} pages show it as text`);
  trial.expect(shown > 5, `only ${shown} pages show what was written`);
}

import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { App } from "fresh";
import { Head } from "fresh/runtime";
import { html } from "./fixtures/site.ts";

describe("Head", () => {
  it("replaces _app's title and elements of the same kind, and adds the others", async () => {
    const head = /<head>(.*)<\/head>/.exec(await html("/"))?.[1];
    expect(head).toContain("<title>Welcome</title>");
    expect(head).not.toContain("<title>Site</title>");
    expect(head).toContain('<meta name="description" content="of the page"/>');
    expect(head).not.toContain("of the app");
    expect(head).toContain('<meta name="robots" content="noindex"/>');
    expect(await html("/orders")).toContain("<title>Site</title>");
  });

  it("lets the last of several win", async () => {
    const app = new App()
      .appWrapper(({ Component }) => (
        <html>
          <head>
            <title>App</title>
          </head>
          <body>
            <Component />
          </body>
        </html>
      ))
      .get("/", (ctx) =>
        ctx.render(
          <>
            <Head>
              <title>First</title>
            </Head>
            <Head>
              <title>Last</title>
            </Head>
          </>,
        ));
    const text = await (await app.handler()(new Request("http://localhost/"))).text();
    expect(text).toContain("<head><title>Last</title></head>");
  });
});

describe("links", () => {
  const links: [path: string, href: string, attributes: string][] = [
    ["/orders", "/orders", ' aria-current="page"'],
    ["/orders", "/orders", ' data-current="true"'],
    ["/orders/17", "/orders", ' data-ancestor="true"'],
    ["/orders/17", "/orders", ' aria-current="true"'],
    ["/orders", "/", ' data-ancestor="true"'],
  ];
  for (const [path, href, attribute] of links) {
    it(`to ${href} have${attribute} on ${path}`, async () => {
      const link = new RegExp(`<a href="${href}"([^>]*)>`).exec(await html(path));
      expect(link?.[1]).toContain(attribute);
    });
  }

  it("elsewhere have none", async () => {
    expect(await html("/")).toContain('<a href="/orders">');
    expect(await html("/orders")).toContain('<a href="https://other.test/orders">');
  });

  it("with a query are current with the same query only", async () => {
    const app = new App().get("/list", (ctx) => ctx.render(<Tabs />));
    const Tabs = () => (
      <p>
        <a href="/list?tab=a">A</a>
        <a href="/list?tab=b">B</a>
      </p>
    );
    const text = await (await app.handler()(new Request("http://localhost/list?tab=a"))).text();
    expect(text.match(/aria-current="\w+"/g)).toEqual(['aria-current="page"', 'aria-current="true"']);
  });
});

import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { App, createDefine, HttpError, page } from "fresh";

interface State {
  trail: string[];
}

const define = createDefine<State>();

function ask(app: App<State>, path: string, init?: RequestInit): Promise<Response> {
  return app.handler()(new Request(`http://localhost${path}`, init));
}

const mark = (name: string) =>
  define.middleware((ctx) => {
    (ctx.state.trail ??= []).push(name);
    return ctx.next();
  });

describe("App", () => {
  it("runs the middlewares above a path, in their order, and only those added before the route", async () => {
    const app = new App<State>()
      .use(mark("root"))
      .use("/a", mark("a1"), mark("a2"))
      .use("/b", mark("b"))
      .get("/a/b", (ctx) => ctx.json(ctx.state.trail))
      .use(mark("late"));
    expect(await (await ask(app, "/a/b")).json()).toEqual(["root", "a1", "a2"]);
  });

  it("matches exact paths before patterns, patterns in their order", async () => {
    const app = new App<State>()
      .get("/:name", (ctx) => ctx.text(`pattern ${ctx.params.name} ${ctx.route}`))
      .get("/exact", (ctx) => ctx.text("exact"))
      .all("*", (ctx) => ctx.text("rest"));
    expect(await (await ask(app, "/exact")).text()).toBe("exact");
    expect(await (await ask(app, "/x")).text()).toBe("pattern x /:name");
    expect(await (await ask(app, "/x/y")).text()).toBe("rest");
  });

  it("decodes parameters but slashes", async () => {
    const app = new App<State>().get("/:name", (ctx) => ctx.text(ctx.params.name ?? ""));
    expect(await (await ask(app, "/%C3%A9%2Fx")).text()).toBe("é%2Fx");
  });

  it("answers HEAD by GET without body, OPTIONS with the methods, other methods with 405", async () => {
    const app = new App<State>().get("/", (ctx) => ctx.text("body")).post("/", (ctx) => ctx.text("posted"));
    const head = await ask(app, "/", { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    const options = await ask(app, "/", { method: "OPTIONS" });
    expect([options.status, options.headers.get("Allow")]).toEqual([204, "GET, POST"]);
    expect((await ask(app, "/", { method: "PUT" })).status).toBe(405);
  });

  it("answers 404 where nothing matches, through the root's middlewares", async () => {
    const app = new App<State>().use(async (ctx) => {
      try {
        return await ctx.next();
      } catch (error) {
        return ctx.text(String(error instanceof HttpError && error.status), { status: 404 });
      }
    });
    const response = await ask(app, "/nowhere");
    expect([response.status, await response.text()]).toEqual([404, "404"]);
  });

  it("turns what is thrown into a status, an HttpError's message or the status's name", async () => {
    const app = new App<State>()
      .get("/gone", () => {
        throw new HttpError(410);
      })
      .get("/teapot", () => {
        throw new HttpError(418, "short and stout");
      });
    const gone = await ask(app, "/gone");
    expect([gone.status, await gone.text()]).toEqual([410, "Gone"]);
    expect(await (await ask(app, "/teapot")).text()).toBe("short and stout");
    expect(new HttpError(404).message).toBe("");
  });

  it("has the nearest onError answer, and notFound each 404", async () => {
    const app = new App<State>()
      .notFound((ctx) => ctx.text("nothing here", { status: 404 }))
      .onError("*", (ctx) => ctx.text(`root: ${ctx.error}`, { status: 500 }))
      .onError("/near", (ctx) => ctx.text(`near: ${ctx.error}`, { status: 500 }))
      .get("/near/throws", () => {
        throw new Error("oh");
      })
      .get("/throws", () => {
        throw new Error("oh");
      });
    expect(await (await ask(app, "/near/throws")).text()).toBe("near: Error: oh");
    expect(await (await ask(app, "/throws")).text()).toBe("root: Error: oh");
    expect(await (await ask(app, "/x")).text()).toBe("nothing here");
  });

  it("serves below a basePath", async () => {
    const app = new App<State>({ basePath: "/shop" }).get("/x", (ctx) => ctx.text(ctx.config.basePath));
    expect(await (await ask(app, "/shop/x")).text()).toBe("/shop");
    expect((await ask(app, "/x")).status).toBe(404);
  });

  it("takes the URL from the proxy's headers only when told to", async () => {
    const headers = { "X-Forwarded-Proto": "https", "X-Forwarded-Host": "admin.test" };
    for (const [trustProxy, origin] of [[true, "https://admin.test"], [false, "http://localhost"]] as const) {
      const app = new App<State>({ trustProxy }).get("/", (ctx) => ctx.text(ctx.url.origin));
      expect(await (await ask(app, "/", { headers })).text()).toBe(origin);
    }
  });

  it("renders routes with layouts inside the app wrapper", async () => {
    const app = new App<State>()
      .appWrapper(({ Component }) => (
        <html>
          <body>
            <Component />
          </body>
        </html>
      ))
      .layout("*", ({ Component }) => (
        <div>
          <Component />
        </div>
      ))
      .layout("/deep", async ({ Component }) =>
        await Promise.resolve(
          <section>
            <Component />
          </section>,
        ))
      .route("/deep/page", {
        handler: { GET: () => page({ name: "you" }) },
        component: ({ data }) => <p>{(data as { name: string }).name}</p>,
      })
      .route("/deep/bare", { config: { skipInheritedLayouts: true }, component: () => <p>bare</p> });
    expect(await (await ask(app, "/deep/page")).text()).toContain(
      "<body><div><section><p>you</p></section></div></body>",
    );
    expect(await (await ask(app, "/deep/bare")).text()).toContain("<body><p>bare</p></body>");
  });
});

describe("Context", () => {
  it("redirect() defaults to 302 and cannot leave the site by a path", async () => {
    const app = new App<State>().get("/", (ctx) => ctx.redirect(ctx.url.searchParams.get("to") ?? ""));
    const cases = {
      "/a//b?x=//y": "/a/b?x=//y",
      "//evil.test/x": "/evil.test/x",
      "https://ok.test/x": "https://ok.test/x",
    };
    for (const [to, location] of Object.entries(cases)) {
      const response = await ask(app, `/?to=${encodeURIComponent(to)}`);
      expect([response.status, response.headers.get("location")]).toEqual([302, location]);
    }
  });

  it("render() completes the document, with the status and headers that it is given", async () => {
    const app = new App<State>().get("/", (ctx) => ctx.render(<h1>Hi</h1>, { status: 201, headers: { "X-A": "1" } }));
    const response = await ask(app, "/");
    expect([response.status, response.headers.get("X-A")]).toEqual([201, "1"]);
    expect(response.headers.get("Content-Type")).toBe("text/html; charset=utf-8");
    const html = '<!DOCTYPE html><html><head><meta charset="utf-8"/></head><body><h1>Hi</h1></body></html>';
    expect(await response.text()).toBe(html);
  });

  it("text(), html() and json() answer what they are given", async () => {
    const app = new App<State>()
      .get("/html", (ctx) => ctx.html("<p>", { status: 202 }))
      .get("/json", (ctx) => ctx.json({ a: 1 }));
    const html = await ask(app, "/html");
    expect([html.status, html.headers.get("Content-Type")]).toEqual([202, "text/html; charset=utf-8"]);
    expect(await (await ask(app, "/json")).json()).toEqual({ a: 1 });
  });
});

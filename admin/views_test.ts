import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import type { State } from "./utils.ts";
import { keepViews, newView, readViews, type SavedView, viewOf } from "./views.ts";

Deno.env.set("JWT_SECRET", "only-for-tests-0123456789-abcdefghij");

const view = (name: string, query = "?status=paid"): SavedView => ({ name, store: "tea", path: "/orders", query });

/** What the browser gives back of what it was told to keep. */
function kept(views: SavedView[]): SavedView[] | undefined {
  const state = { cookies: [] as string[] } as State;
  if (!keepViews(state, views)) return undefined;
  const cookie = state.cookies[0]?.split(";")[0] ?? "";
  return readViews(new Request("http://localhost/", { headers: { Cookie: cookie } }));
}

describe("saved views", () => {
  it("come back from the browser as they were", () => {
    const views = [view("Zu verschicken 📦"), view("<script>", "?q=%3Cscript%3E&sort=create_time")];
    expect(kept(views)).toEqual(views);
  });

  it("are refused where there are too many for a cookie", () => {
    expect(kept(Array.from({ length: 100 }, (_, at) => view(`View ${at}`)))).toBeUndefined();
  });

  it("leave out the place in the list and the store", () => {
    const url = new URL("http://localhost/orders?cursor=abc&store=tea&q=&status=paid");
    expect(viewOf(url)).toBe("/orders?status=paid");
    expect(viewOf(new URL("http://localhost/orders?cursor=abc"))).toBe("/orders");
  });

  for (
    const wrong of [
      "//evil.test/orders",
      "https://evil.test/",
      "/settings",
      "/orders/../login",
      "javascript:alert(1)",
      "",
    ]
  ) {
    it(`are of lists only, not of "${wrong}"`, () => expect(newView("Mine", "tea", wrong)).toBeUndefined());
  }

  it("need a name, not too long", () => {
    expect([newView(" ", "tea", "/orders"), newView("x".repeat(41), "tea", "/orders")]).toEqual([undefined, undefined]);
    expect(newView(" Mine ", "tea", "/orders?q=a&cursor=b")).toEqual(view("Mine", "?q=a"));
  });

  it("are none where the cookie is not what was set", () => {
    for (const value of ["", "%%%", "bm90IGpzb24", "WzFd", "W1siYSIsImIiLCIvbG9naW4iLCIiXV0"]) {
      expect(readViews(new Request("http://localhost/", { headers: { Cookie: `nano_views=${value}` } }))).toEqual([]);
    }
  });
});

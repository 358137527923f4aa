import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { openWorld, type Role, ROLES, type Target, TARGETS } from "./access_testing.ts";
import { call, type Caller } from "./testing.ts";

/**
 * Tries every route of /openapi.json as every role, on its own things, another store's and what does not exist, and
 * compares the refusals with access.txt. Bodies are invalid on purpose: a refusal comes before a body is validated, so
 * nothing changes. After a change that is meant: `UPDATE_ACCESS=1 deno task test -- access`, and read the difference.
 */
const TABLE = new URL("access.txt", import.meta.url);
const WIDTH = 44;
const PARALLEL = 12;
const METHODS = ["get", "post", "put", "patch", "delete"] as const;

interface Operation {
  requestBody?: { content: Record<string, unknown> };
}

interface Route {
  name: string;
  method: string;
  path: string;
  body: BodyInit | undefined;
  /** Without a body that could be invalid it ends what it is given. */
  usedUp: boolean;
}

const HEADER =
  `# Who may call what: services/gateway/access_api_test.ts tries it, and writes this table with UPDATE_ACCESS=1.
# Three signs for each role: on the own thing or in the own store, another store's, what does not exist.
# + passes (the request is then judged by its content), 1 is 401, 3 is 403, 4 is 404.
${"".padEnd(WIDTH)}${ROLES.map((role) => role.padEnd(12)).join("").trimEnd()}
`;

async function routes(): Promise<Route[]> {
  const { body } = await call<{ paths: Record<string, Record<string, Operation>> }>({}, "GET", "/openapi.json");
  const found = Object.entries(body.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method): Route[] => {
      const operation = item[method];
      if (!operation) return [];
      const usedUp = path.endsWith("/erase") || (method === "delete" && !operation.requestBody);
      return [{ name: `${method.toUpperCase()} ${path}`, method, path, body: bodyOf(operation), usedUp }];
    })
  );
  return found.toSorted((a, b) => a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
}

/** No JSON body is a list; no image or table begins like this. */
function bodyOf({ requestBody }: Operation): Blob | undefined {
  const type = Object.keys(requestBody?.content ?? {})[0];
  return type === undefined ? undefined : new Blob([type === "application/json" ? "[]" : "\0"], { type });
}

describe("the access table", () => {
  it("holds for every route, role and store", async () => {
    const world = await openWorld();
    const all = await routes();

    async function ask(route: Route, role: Role, target: Target): Promise<string> {
      const { method, usedUp } = route;
      const caller = route.path === "/auth/logout" ? await world.again(role) : world.callers[role];
      let path = route.path;
      for (const [whole, before = ""] of route.path.matchAll(/\/([a-z/-]+)\/\{\w+\}/g)) {
        const id = await world.id(before, role, target, usedUp);
        path = path.replace(whole, `/${before}/${id}`);
      }
      // By id the object's own store decides; the request is the caller's own store's.
      const store = world.slug(path === route.path ? target : "own");
      return await signOf(caller, method, path, store, route.body);
    }

    async function lineOf(route: Route): Promise<string> {
      const cells = [];
      for (const role of ROLES) {
        const signs = [];
        for (const target of TARGETS) signs.push(await ask(route, role, target));
        cells.push(signs.join("").padEnd(12));
      }
      return `${route.name.padEnd(WIDTH)}${cells.join("").trimEnd()}`;
    }

    const lines = new Map<string, string>();
    const work = async (queue: Route[]) => {
      for (let route = queue.shift(); route; route = queue.shift()) lines.set(route.name, await lineOf(route));
    };
    // What is used up comes last, so that nobody else misses it: carts after their items.
    const last = ({ path, usedUp }: Route) => path === "/auth/logout" ? 3 : usedUp ? path === "/cart" ? 2 : 1 : 0;
    for (const part of [0, 1, 2, 3].map((order) => all.filter((route) => last(route) === order))) {
      await Promise.all(Array.from({ length: PARALLEL }, () => work(part)));
    }
    const table = HEADER + all.map(({ name }) => `${lines.get(name)}\n`).join("");
    if (Deno.env.get("UPDATE_ACCESS") === "1") await Deno.writeTextFile(TABLE, table);
    const written = await Deno.readTextFile(TABLE);
    expect(table.split("\n")).toEqual(written.split("\n"));
  });
});

async function signOf(
  { token, cart, headers }: Caller,
  method: string,
  path: string,
  store: string,
  body: BodyInit | undefined,
): Promise<string> {
  const url = new URL(path, Deno.env.get("TEST_GATEWAY_URL"));
  const response = await fetch(url, {
    method: method.toUpperCase(),
    redirect: "manual",
    headers: {
      "x-store": store,
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(cart ? { "x-cart-token": cart } : {}),
      ...(body instanceof Blob ? { "content-type": body.type } : {}),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  });
  await response.body?.cancel();
  const { status } = response;
  if (status === 429 || status >= 500) throw new Error(`${method} ${path}: ${status}`);
  return status === 401 ? "1" : status === 403 ? "3" : status === 404 ? "4" : "+";
}

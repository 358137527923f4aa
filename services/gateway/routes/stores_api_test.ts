import { expect } from "@std/expect";
import { before, describe, it } from "@std/testing/bdd";
import { call, type Caller, hire, openStore, operator, type ProblemBody, signUp, unique } from "../testing.ts";

/** What these tests look at in an answer. */
interface Body extends ProblemBody {
  id: string;
  slug: string;
  name: string;
  version: number;
  currency: string;
  currencies: string[];
  total: number;
  next_cursor: string | null;
  data: { id: string }[];
  days: { day: string }[];
  revenue: { amount: number; currency: string };
}

const input = (more: object = {}) => ({
  slug: `s-${unique()}`,
  name: "A store",
  currency: "EUR",
  country: "DE",
  ...more,
});
const send = (caller: Caller, method: string, path: string, body?: unknown) => call<Body>(caller, method, path, body);

describe("/stores", () => {
  let admin: Caller;
  before(async () => {
    admin = await operator();
  });
  const create = () => openStore(admin, input());

  it("shows anyone the default store, with an ETag that saves the next answer", async () => {
    const first = await send({}, "GET", "/stores/default");
    expect([first.status, first.body.slug, first.body.currencies]).toEqual([200, "default", [first.body.currency]]);
    const again = await send(
      { headers: { "if-none-match": first.headers.get("etag") ?? "" } },
      "GET",
      "/stores/default",
    );
    expect([again.status, again.body]).toEqual([304, undefined]);
    expect((await send({}, "GET", `/stores/${first.body.id}`)).body).toEqual(first.body);
  });

  it("lets the operator open a store, with defaults for what is left out", async () => {
    const made = await send(admin, "POST", "/stores", input());
    expect([made.status, made.headers.get("location")]).toEqual([201, `/stores/${made.body.id}`]);
    const defaults = { status: "active", locale: "en-US", tax: { rate_bp: 0, included: false }, version: 1 };
    expect(made.body).toMatchObject({ ...defaults, currencies: ["EUR"] });
    const again = await send(admin, "POST", "/stores", input({ slug: made.body.slug }));
    expect([again.status, again.body.code]).toEqual([409, "slug_taken"]);
    const cart = await send({ store: made.body.slug }, "GET", "/cart");
    expect(cart.body).toMatchObject({ id: null, currency: "EUR", store_id: made.body.id });
  });

  it("keeps strangers 401, customers 403 and other stores' managers 404, whatever the body says", async () => {
    const [mine, other] = [await create(), await create()];
    const [customer, manager] = [await signUp(), await hire(admin, other.id, "manager")];
    const put = async (caller: Caller) => (await send(caller, "PUT", `/stores/${mine.id}`, { nonsense: true })).status;
    expect([await put({}), await put(customer), await put(manager)]).toEqual([401, 403, 404]);
    const stats = async (caller: Caller) => (await send(caller, "GET", `/stores/${mine.id}/stats`)).status;
    expect([await stats({}), await stats(customer), await stats(manager)]).toEqual([401, 403, 404]);
    const close = await send(manager, "PUT", `/stores/${other.id}/status`, { status: "closed" });
    const open = await send(manager, "POST", "/stores", input());
    expect([close.status, open.status]).toEqual([403, 403]);
  });

  it("lets a manager change settings, from the latest version and in the same currency", async () => {
    const { id, slug } = await create();
    const manager = await hire(admin, id, "manager");
    const put = (more: object) => send(manager, "PUT", `/stores/${id}`, input({ slug, ...more }));
    const changed = await put({ version: 1, name: "Renamed", tax: { rate_bp: 1900, included: true } });
    expect(changed.body).toMatchObject({ name: "Renamed", tax: { rate_bp: 1900, included: true }, version: 2 });
    expect((await put({ version: 1 })).body).toMatchObject({ status: 409, code: "version_conflict", version: 2 });
    const dollars = await put({ version: 2, currency: "USD" });
    expect([dollars.status, dollars.body.code, dollars.body.errors[0]?.pointer]).toEqual([
      400,
      "currency_fixed",
      "/currency",
    ]);
    expect((await put({})).body.errors[0]?.pointer).toBe("/version");
  });

  const refused: [what: string, more: object, pointer: string][] = [
    ["a slug with capitals", { slug: "Tea" }, "/slug"],
    ["a name too long", { name: "x".repeat(201) }, "/name"],
    ["a currency that is none", { currency: "ABC" }, "/currency"],
    ["a country that is none", { country: "XX" }, "/country"],
    ["a locale that is none", { locale: "not a locale" }, "/locale"],
    ["a tax above all", { tax: { rate_bp: 10_001 } }, "/tax/rate_bp"],
    ["an unknown field", { owner: "me" }, "/owner"],
  ];
  for (const [what, more, pointer] of refused) {
    it(`refuses ${what}`, async () => {
      const { status, body } = await send(admin, "POST", "/stores", input(more));
      expect([status, body.errors[0]?.pointer]).toEqual([400, pointer]);
    });
  }

  it("lists suspended stores to the operator only", async () => {
    const { id } = await create();
    const suspended = await send(admin, "PUT", `/stores/${id}/status`, { status: "suspended" });
    expect([suspended.status, suspended.body.status]).toEqual([200, "suspended"]);
    const lists = async (caller: Caller) => {
      for (let cursor = "";;) {
        const { body } = await send(caller, "GET", `/stores?limit=100${cursor}`);
        if (body.data.some((one) => one.id === id)) return true;
        if (body.next_cursor === null) return false;
        cursor = `&cursor=${body.next_cursor}`;
      }
    };
    expect([await lists({}), await lists(admin)]).toEqual([false, true]);
    expect((await send({}, "GET", "/stores?limit=0")).status).toBe(400);
    expect((await send({}, "GET", "/stores?limit=5000&count=exact")).body.total).toBeGreaterThan(0);
  });

  it("shows the figures of a span of days", async () => {
    const { id } = await create();
    const { status, body } = await send(admin, "GET", `/stores/${id}/stats?from=2026-01-01&to=2026-01-31`);
    expect([status, body.days.length, body.revenue]).toEqual([200, 31, { amount: 0, currency: "EUR" }]);
    expect((await send(admin, "GET", `/stores/${id}/stats`)).body.days.length).toBe(30);
    const bad = await send(admin, "GET", `/stores/${id}/stats?from=soon`);
    expect([bad.status, bad.body.code]).toEqual([400, "invalid_day"]);
  });

  it("answers 404 for a store that is not there", async () => {
    for (const id of ["nowhere", crypto.randomUUID(), "%27%20or%201=1"]) {
      const asked = [
        send({}, "GET", `/stores/${id}`),
        send(admin, "PUT", `/stores/${id}`, {}),
        send(admin, "GET", `/stores/${id}/stats`),
      ];
      for (const { body } of await Promise.all(asked)) {
        expect([body.status, body.code]).toEqual([404, "store_not_found"]);
      }
    }
    expect((await send({ store: "nowhere" }, "GET", "/products")).body.code).toBe("store_not_found");
  });
});

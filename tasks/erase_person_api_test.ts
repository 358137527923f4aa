import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { Redis } from "ioredis";
import { join } from "node:path";
import pg from "pg";
import { call, type Caller, hire, operator, signUp, unique } from "../services/gateway/testing.ts";
import {
  admin,
  eventually,
  fill,
  keyed,
  move,
  type Order,
  pay,
  type Payment,
  place,
  type Problem,
  sell,
  store,
} from "../services/gateway/routes/orders_testing.ts";

/** Words that stand nowhere else, as whoever looks for them must find this person or nobody. */
const mark = unique().replaceAll("-", "");
const WORDS = {
  name: `Zerlina${mark}`,
  street: `Quendelgasse${mark}`,
  phone: `+49${BigInt(`0x${mark}`) % 10_000_000_000n}77`,
  note: `bell${mark}`,
  reason: `because${mark}`,
  tracking: `TRACK${mark}`,
};
const address = {
  name: WORDS.name,
  line1: WORDS.street,
  city: `Stadt${mark}`,
  postal_code: "12345",
  country: "DE",
  phone: WORDS.phone,
};

interface Erasure {
  state: string;
}

describe("a person who did everything", () => {
  let person: Caller & { id: string; email: string; password: string };
  let receiver: Deno.HttpServer;
  let received = 0;
  let manager: Caller;
  let paid: Order;
  let refundedTotal: number;
  /** Who asked for the export: the person once per try, as each is written down. */
  const askers: string[] = [];
  const needles = () => [person.email, ...Object.values(WORDS), `Stadt${mark}`];

  before(async () => {
    // A merchant's endpoint that answers with what it was sent.
    receiver = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
      received++;
      return new Response(await request.text());
    });
    manager = { ...await hire(admin, store.id, "manager"), store: store.slug };
    const { port } = receiver.addr as Deno.NetAddr;
    await call({ ...admin, store: store.slug }, "POST", "/webhooks", {
      url: `http://127.0.0.1:${port}/hook`,
      event_types: ["*"],
    });
    const variant = await sell(100);
    const guest = await fill({}, variant, 2);
    const email = `zz${mark}@nano.test`;
    const password = `${crypto.randomUUID()}!`;
    await call({}, "POST", "/auth/login", { email, password: "wrong" });
    // The guest's cart comes along.
    const { body } = await call<{ user: { id: string }; access_token: string }>(guest, "POST", "/auth/register", {
      email,
      password,
      name: WORDS.name,
    });
    person = { id: body.user.id, token: body.access_token, store: store.slug, email, password };
    await call({}, "POST", "/auth/register", { email, password });
    await call(person, "POST", "/users/me/addresses", address);
    paid = (await place(person, { shipping_address: address, billing_address: address, note: WORDS.note, email })).body;
    const payment = (await pay(person, paid.id)).body;
    await call(manager, "POST", `/orders/${paid.id}/notes`, { text: `${WORDS.name} called` });
    await call(manager, "POST", `/orders/${paid.id}/shipments`, {
      carrier: "DHL",
      tracking_number: WORDS.tracking,
      items: paid.items.map(({ id }) => ({ id, quantity: 1 })),
    });
    await call(keyed(manager), "POST", `/payments/${payment.id}/refunds`, { amount: 100, reason: WORDS.reason });
    refundedTotal = (await call<Payment>(manager, "GET", `/payments/${payment.id}`)).body.amount.amount;
    await fill(person, variant);
    const cancelled = (await place(person, { shipping_address: address, email })).body;
    await move(person, cancelled.id, { status: "cancelled", reason: WORDS.reason });
    await fill(person, variant);
  });
  after(() => receiver?.shutdown());

  it("gets all of it as one file", async () => {
    // What happened is told to the store service by jobs.
    const { status, headers, body } = await eventually(
      () => {
        askers.push(`user:${person.id}`);
        return call<Record<string, unknown[]>>(person, "GET", "/users/me/export");
      },
      ({ body }) => body.events?.length === 1,
    );
    expect(status).toBe(200);
    expect(headers.get("content-disposition")).toContain("attachment");
    const text = JSON.stringify(body);
    for (const word of needles()) expect(text).toContain(word);
    expect(body).toMatchObject({
      user: { account: { email: person.email }, addresses: [{ line1: WORDS.street }] },
      orders: [{ items: [{ quantity: 2 }] }, { status: "cancelled" }],
      payments: [{ order_id: paid.id, refunds: [{ reason: WORDS.reason }] }],
      events: [{ type: "customer.created" }],
    });
    expect(body.carts?.length).toBe(3);
    expect(text).not.toMatch(/argon2|"password/);
  });

  it("is exported by admins and by nobody else", async () => {
    const path = `/users/${person.id}/export`;
    expect((await call({}, "GET", path)).status).toBe(401);
    expect((await call(person, "GET", path)).status).toBe(403);
    expect((await call(manager, "GET", path)).status).toBe(403);
    expect((await call(admin, "GET", path)).status).toBe(200);
    expect((await call(admin, "GET", `/users/${crypto.randomUUID()}/export`)).status).toBe(404);
  });

  it("is not erased without the password, by others, or while an order is under way", async () => {
    const erase = (caller: Caller, body?: object) => call<Problem>(caller, "DELETE", "/users/me", body);
    expect((await erase({}, { password: "x" })).status).toBe(401);
    expect((await erase(person, { password: "wrong" })).body.code).toBe("wrong_password");
    expect((await erase(person, { password: "" })).body.code).toBe("current_password_required");
    expect((await call(manager, "POST", `/users/${person.id}/erase`)).status).toBe(403);
    const { status, body } = await erase(person, { password: person.password });
    expect([status, body.code, body.orders]).toEqual([409, "orders_in_progress", [paid.number]]);
    expect((await call(person, "GET", "/users/me")).status).toBe(200);
  });

  it("is nowhere any more once erased, and the books are as they were", async () => {
    const before = await books();
    for (const status of ["shipped", "delivered", "completed"]) {
      await move(manager, paid.id, { status, reason: `${WORDS.reason} ${status}` });
    }
    await eventually(() => Promise.resolve(received), (count) => count >= 8);
    const found = await search(needles());
    expect(found.length).toBeGreaterThan(5);

    const begun = await call<Erasure>(person, "DELETE", "/users/me", { password: person.password });
    expect([begun.status, begun.body.state]).toEqual([202, "erasing"]);
    expect((await call(person, "GET", "/users/me")).status).toBe(401);
    const { email, password } = person;
    expect((await call({}, "POST", "/auth/login", { email, password })).status).toBe(401);
    // An event on its way makes the job wait and try again.
    let done = begun;
    for (let tries = 0; tries < 20 && done.body.state !== "erased"; tries++) {
      done = await eventually(
        () => call<Erasure>(admin, "GET", `/users/${person.id}/erasure`),
        ({ body }) => body.state === "erased",
      );
    }
    expect(done.body).toMatchObject({ state: "erased", done_time: expect.any(String) });
    expect((await call(admin, "GET", `/users/${person.id}`)).status).toBe(404);
    expect((await call<Erasure>(admin, "POST", `/users/${person.id}/erase`)).body.state).toBe("erased");

    expect(await search(needles())).toEqual([]);
    expect(await books()).toEqual(before);
    const order = (await call<Order>(manager, "GET", `/orders/${paid.id}`)).body;
    expect(order).toMatchObject({ number: paid.number, total: paid.total, email: "erased@erased.invalid" });
    expect(order).toMatchObject({ shipping_address: { country: "DE", name: "(erased)" } });
  });

  it("leaves in the audit log who took the data out and who erased, and no more", async () => {
    const rows = async (table: string) => {
      type Rows = {
        data: { table: string; actor: string; network: string; after: { user_id?: string; id?: string } }[];
      };
      const { data } = (await call<Rows>(admin, "GET", `/audit?table=${table}&limit=100`)).body;
      return data.filter(({ after }) => (after?.user_id ?? after?.id) === person.id);
    };
    const actors = (await rows("exports")).map(({ actor }) => actor);
    expect(actors.filter((actor) => actor === `user:${person.id}`)).toEqual(askers);
    expect(actors.length).toBe(askers.length + 1);
    const [erasure] = await rows("erasures");
    expect(erasure).toMatchObject({ actor: `user:${person.id}`, network: "127.0.0.0/24" });
  });

  /** What the books say of the first order. */
  async function books() {
    const { number, total, items, subtotal, tax } = (await call<Order>(manager, "GET", `/orders/${paid.id}`)).body;
    return { number, total, subtotal, tax, items, refundedTotal, ledger: await ledger() };
  }

  async function ledger() {
    const client = await owner();
    const { rows } = await client.query(
      `select p.account, p.amount, p.currency from payment.ledger_postings p join payment.ledger_transactions t
       on t.id = p.transaction_id join payment.payments y on y.id = t.payment_id where y.order_id = $1 order by p.id`,
      [paid.id],
    );
    await client.end();
    return rows;
  }
});

async function owner(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: Deno.env.get("TEST_SHOP_DATABASE_URL") });
  await client.connect();
  return client;
}

/** Where any of the words stand: columns of every table, keys and values of Redis, log files. */
async function search(words: string[]): Promise<string[]> {
  const fold = words.map((word) => word.toLowerCase());
  const hit = (text: string) => fold.some((word) => text.toLowerCase().includes(word));
  return [...await inTables(fold), ...await inRedis(hit), ...inLogs(hit)];
}

async function inTables(words: string[]): Promise<string[]> {
  const client = await owner();
  const { rows } = await client.query<{ place: string; column: string; type: string }>(
    `select format('%I.%I', table_schema, c.table_name) as place, format('%I', column_name) as column, data_type as type
     from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
     where t.table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')
       and data_type in ('text', 'json', 'jsonb', 'character varying', 'bytea', 'ARRAY')`,
  );
  const found = [];
  for (const { place, column, type } of rows) {
    // By the table's alias, as a column may be called like one of ours.
    const text = type === "bytea" ? `encode(t.${column}, 'escape')` : `t.${column}::text`;
    const { rowCount } = await client.query(
      `select from ${place} t where exists (select from unnest($1::text[]) n (needle) where position(n.needle in lower(${text})) > 0) limit 1`,
      [words],
    );
    if (rowCount) found.push(`${place}.${column}`);
  }
  await client.end();
  return found;
}

async function inRedis(hit: (text: string) => boolean): Promise<string[]> {
  const redis = new Redis(Deno.env.get("TEST_REDIS_URL") ?? "");
  const found = [];
  for (const key of await redis.keys("*")) {
    const isText = await redis.type(key) === "string";
    const value = isText ? await redis.get(key) : new TextDecoder().decode(await redis.dumpBuffer(key) ?? undefined);
    if (hit(key) || hit(value ?? "")) found.push(`redis ${key}`);
  }
  redis.disconnect();
  return found;
}

function inLogs(hit: (text: string) => boolean): string[] {
  const folder = Deno.env.get("TEST_SHOP_FOLDER") ?? "";
  const found = [];
  for (const at of [folder, join(folder, "shop", "logs")]) {
    for (const { name, isFile } of Deno.readDirSync(at)) {
      if (isFile && name.endsWith(".log") && hit(Deno.readTextFileSync(join(at, name)))) found.push(name);
    }
  }
  return found;
}

describe("an admin", () => {
  it("erases somebody else, but not as the last admin", async () => {
    const other = await signUp();
    expect((await call<Erasure>(admin, "POST", `/users/${other.id}/erase`)).body.state).toBe("erasing");
    expect((await call({}, "POST", "/auth/login", other)).status).not.toBe(200);
    expect((await call(admin, "POST", `/users/${crypto.randomUUID()}/erase`)).status).toBe(404);
    expect((await call(admin, "GET", `/users/${crypto.randomUUID()}/erasure`)).status).toBe(404);
  });

  it("exports what a guest ordered and paid under the same address", async () => {
    const other = await signUp();
    const guest = await fill({}, await sell(5));
    const { body: order } = await place(guest, { email: other.email });
    const { body: payment } = await pay(guest, order.id);
    const path = `/users/${other.id}/export`;
    type Export = Record<"orders" | "payments", { id: string }[]>;
    const { orders, payments } = (await call<Export>(admin, "GET", path)).body;
    expect([orders, payments].map((rows) => rows.map(({ id }) => id))).toEqual([[order.id], [payment.id]]);
    // Nobody has proven to be the one whose address it is.
    const own = (await call<Export>(other, "GET", "/users/me/export")).body;
    expect([own.orders, own.payments]).toEqual([[], []]);
  });

  it("waits for what a guest ordered under the same address", async () => {
    const other = await signUp();
    const { body } = await place(await fill({}, await sell(5)), { email: other.email });
    const erase = () => call<Erasure & Problem>(admin, "POST", `/users/${other.id}/erase`);
    const { status, body: refused } = await erase();
    expect([status, refused.code, refused.orders]).toEqual([409, "orders_in_progress", [body.number]]);
    await move({ ...admin, store: store.slug }, body.id, { status: "cancelled" });
    expect((await erase()).body.state).toBe("erasing");
  });

  it("is oneself by an id in capitals, too", async () => {
    const { id } = (await call<{ id: string }>(admin, "GET", "/users/me")).body;
    for (const own of [id, id.toUpperCase()]) {
      const { status, body } = await call<Problem>(admin, "POST", `/users/${own}/erase`);
      expect([status, body.code]).toEqual([400, "current_password_required"]);
    }
  });

  it("exports the audit log as a table and as lines, and that is logged", async () => {
    const boss = await operator();
    const csv = await fetch(new URL("/audit/export?table=stores", Deno.env.get("TEST_GATEWAY_URL")), {
      headers: { authorization: `Bearer ${boss.token}` },
    });
    expect(csv.headers.get("content-type")).toContain("text/csv");
    expect((await csv.text()).split("\r\n")[0]).toBe(
      "time,service,id,action,table,row_id,store_id,actor,network,request_id,before,after",
    );
    const ndjson = await fetch(new URL(`/audit/export?format=ndjson&row_id=${store.id}`, csv.url), {
      headers: { authorization: `Bearer ${boss.token}` },
    });
    const lines = (await ndjson.text()).trim().split("\n").map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ table: "stores", row_id: store.id });
    const { body } = await call<{ data: { after: object }[] }>(boss, "GET", "/audit?table=exports&action=insert");
    expect(body.data.some(({ after }) => JSON.stringify(after).includes(store.id))).toBe(true);
    expect((await call(await signUp(), "GET", "/audit/export")).status).toBe(403);
  });
});

import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { conflict, NanoError, timedOut, unavailable } from "./errors.ts";
import {
  claimKey,
  dropKey,
  findKey,
  finishKey,
  keepRefusal,
  type KeyedRequest,
  orYield,
  principalOf,
  reapKeys,
  takeOverKey,
  yieldKey,
} from "./idempotency.ts";
import { newId } from "./ids.ts";
import { type TestDatabase, testDatabase } from "./testing.ts";

let database: TestDatabase;

before(async () => {
  database = await testDatabase("payment");
});
after(() => database.drop());

const request = (more: Partial<KeyedRequest> = {}): KeyedRequest => ({
  store_id: newId(),
  principal: "user:1",
  key: "k",
  fingerprint: "f",
  resource_id: newId(),
  ...more,
});

const claim = (keyed: KeyedRequest) => claimKey(database.pool, keyed);

async function refusal(work: Promise<unknown>): Promise<NanoError> {
  const error = await work.then(() => undefined, (error) => error);
  expect(error).toBeInstanceOf(NanoError);
  return error as NanoError;
}

/** Lets the lease of a key end. */
async function abandon(keyed: KeyedRequest): Promise<void> {
  await database.owner.query("update payment.idempotency_keys set locked_until = now() where store_id = $1", [
    keyed.store_id,
  ]);
}

describe("claimKey()", () => {
  it("gives a key to one of many who ask at once", async () => {
    const keyed = request();
    const claims = await Promise.allSettled(
      Array.from({ length: 20 }, () => claim({ ...keyed, resource_id: newId() })),
    );
    expect(claims.filter((found) => found.status === "fulfilled").map((found) => found.value)).toEqual([{
      state: "claimed",
    }]);
    for (const found of claims) {
      if (found.status === "rejected") {
        expect([found.reason.code, found.reason.extras.retry_after]).toEqual(["request_in_progress", 1]);
      }
    }
  });

  it("holds a key for one store and one principal", async () => {
    const keyed = request();
    const others = [{ store_id: newId() }, { principal: "user:2" }, { principal: "guest:1" }, { key: "K" }];
    for (const other of [{}, ...others]) {
      expect(await claim({ ...keyed, ...other, resource_id: newId() })).toEqual({ state: "claimed" });
    }
  });

  it("gives the answer back byte for byte, with the resource it made", async () => {
    const keyed = request();
    await claim(keyed);
    const answer = crypto.getRandomValues(new Uint8Array(300));
    await finishKey(database.pool, keyed.resource_id, { answer });
    const found = await claim({ ...keyed, resource_id: newId() });
    if (found.state !== "done" || !("answer" in found.outcome)) throw new Error("no answer was kept");
    expect(found.resource_id).toBe(keyed.resource_id);
    expect(new Uint8Array(found.outcome.answer)).toEqual(answer);
  });

  it("gives a refusal back as it was, marked as replayed", async () => {
    const keyed = request();
    await claim(keyed);
    await finishKey(database.pool, keyed.resource_id, {
      error: conflict("out_of_stock", "Größer.", { items: [{ sku: "a" }] }),
    });
    const found = await claim({ ...keyed, resource_id: newId() });
    if (found.state !== "done" || !("error" in found.outcome)) throw new Error("no refusal was kept");
    const { kind, code, message, extras } = found.outcome.error;
    expect({ kind, code, message, extras }).toEqual({
      kind: "conflict",
      code: "out_of_stock",
      message: "Größer.",
      extras: { members: { items: [{ sku: "a" }] }, replayed: true },
    });
  });

  it("refuses another request under the key, done or not", async () => {
    const keyed = request();
    await claim(keyed);
    expect((await refusal(claim({ ...keyed, fingerprint: "g" }))).code).toBe("idempotency_key_reused");
    await finishKey(database.pool, keyed.resource_id, { answer: new Uint8Array() });
    expect((await refusal(claim({ ...keyed, fingerprint: "g" }))).kind).toBe("unprocessable");
  });

  it("names the resource of a request that died, once its lease is over", async () => {
    const keyed = request();
    await claim(keyed);
    await abandon(keyed);
    expect(await claim({ ...keyed, resource_id: newId() })).toEqual({
      state: "abandoned",
      resource_id: keyed.resource_id,
    });
  });

  it("forgets a claim whose transaction is rolled back", async () => {
    const keyed = request();
    const client = await database.pool.connect();
    await client.query("begin");
    await claimKey(client, keyed);
    await client.query("rollback");
    client.release();
    expect(await claim(keyed)).toEqual({ state: "claimed" });
  });
});

describe("findKey()", () => {
  it("tells of a key what a claim of it would, and claims nothing", async () => {
    const keyed = request();
    expect(await findKey(database.pool, keyed)).toBeUndefined();
    expect(await findKey(database.pool, keyed)).toBeUndefined();
    await claim(keyed);
    expect((await refusal(findKey(database.pool, keyed))).code).toBe("request_in_progress");
    expect((await refusal(findKey(database.pool, { ...keyed, fingerprint: "g" }))).code).toBe("idempotency_key_reused");
    await abandon(keyed);
    const { resource_id } = keyed;
    expect(await findKey(database.pool, { ...keyed, resource_id: newId() })).toEqual({
      state: "abandoned",
      resource_id,
    });
    expect((await refusal(findKey(database.pool, keyed))).code).toBe("request_in_progress");
  });

  it("tells nobody else of it, nor in another store", async () => {
    const keyed = request();
    await claim(keyed);
    await finishKey(database.pool, keyed.resource_id, { answer: new Uint8Array([1]) });
    for (const other of [{ store_id: newId() }, { principal: "user:2" }, { key: "K" }]) {
      expect(await findKey(database.pool, { ...keyed, ...other })).toBeUndefined();
    }
  });

  it("hands the lease of a request that died to one of many who ask at once", async () => {
    const keyed = request();
    await claim(keyed);
    await abandon(keyed);
    const found = await Promise.allSettled(Array.from({ length: 10 }, () => findKey(database.pool, keyed)));
    expect(found.filter(({ status }) => status === "fulfilled").length).toBe(1);
  });
});

describe("takeOverKey()", () => {
  it("takes over from a request that died, once, and not from one that works or is final", async () => {
    const keyed = request();
    const takeOver = () => takeOverKey(database.pool, keyed.resource_id);
    expect(await takeOver()).toBe(false);
    await claim(keyed);
    expect((await refusal(takeOver())).code).toBe("request_in_progress");
    await abandon(keyed);
    expect(await takeOver()).toBe(true);
    expect((await refusal(takeOver())).code).toBe("request_in_progress");
    await finishKey(database.pool, keyed.resource_id, { answer: new Uint8Array() });
    expect(await takeOver()).toBe(false);
  });
});

describe("keepRefusal()", () => {
  it("keeps a refusal under a key that is new", async () => {
    const keyed = request();
    const error = conflict("cart_empty", "The cart is empty.", { items: [] });
    expect(await keepRefusal(database.pool, keyed, error)).toBe(true);
    expect(await findKey(database.pool, keyed)).toMatchObject({
      state: "done",
      outcome: { error: { code: "cart_empty", extras: { members: { items: [] }, replayed: true } } },
    });
    expect((await refusal(findKey(database.pool, { ...keyed, fingerprint: "g" }))).code).toBe("idempotency_key_reused");
  });

  it("leaves a key alone that is known", async () => {
    const keyed = request();
    await claim(keyed);
    expect(await keepRefusal(database.pool, { ...keyed, resource_id: newId() }, conflict("no", "No."))).toBe(false);
    await finishKey(database.pool, keyed.resource_id, { answer: new Uint8Array([1]) });
    expect(await keepRefusal(database.pool, { ...keyed, resource_id: newId() }, conflict("no", "No."))).toBe(false);
    expect(await findKey(database.pool, keyed)).toMatchObject({ outcome: { answer: new Uint8Array([1]) } });
  });
});

describe("finishKey()", () => {
  it("keeps the first outcome only", async () => {
    const keyed = request();
    await claim(keyed);
    await finishKey(database.pool, keyed.resource_id, { answer: new Uint8Array([1]) });
    await finishKey(database.pool, keyed.resource_id, { error: conflict("late", "Late.") });
    expect(await claim(keyed)).toMatchObject({ state: "done", outcome: { answer: expect.anything() } });
  });
});

describe("dropKey()", () => {
  it("frees a key for another try, but no key that is done", async () => {
    const keyed = request();
    await claim(keyed);
    await dropKey(database.pool, keyed.resource_id);
    expect(await claim(keyed)).toEqual({ state: "claimed" });
    await finishKey(database.pool, keyed.resource_id, { answer: new Uint8Array() });
    await dropKey(database.pool, keyed.resource_id);
    expect((await claim(keyed)).state).toBe("done");
  });
});

describe("reapKeys()", () => {
  it("forgets what was final a day ago, and nothing else", async () => {
    const [old, recent, open] = [request(), request(), request()];
    for (const keyed of [old, recent, open]) await claim(keyed);
    for (const keyed of [old, recent]) await finishKey(database.pool, keyed.resource_id, { answer: new Uint8Array() });
    const age =
      "update payment.idempotency_keys set done_time = now() - interval '25 hours', create_time = now() - interval '9 days' where store_id = $1";
    await database.owner.query(age, [old.store_id]);
    await database.owner.query(
      "update payment.idempotency_keys set create_time = now() - interval '9 days' where store_id = $1",
      [open.store_id],
    );
    await reapKeys(database.pool);
    expect(await claim(old)).toEqual({ state: "claimed" });
    expect((await claim(recent)).state).toBe("done");
    expect((await refusal(claim(open))).code).toBe("request_in_progress");
  });
});

describe("principalOf()", () => {
  it("names a user before the guest that came along", () => {
    const store_roles: never[] = [];
    expect(principalOf({ kind: "user", user_id: "1", guest_hash: "g", store_roles })).toBe("user:1");
    expect(principalOf({ kind: "guest", guest_hash: "g", store_roles })).toBe("guest:g");
    expect(principalOf({ kind: "service", store_roles })).toBe("service");
  });
});

describe("orYield()", () => {
  const fail = (error: Error, keyed: KeyedRequest) =>
    orYield(() => yieldKey(database.pool, keyed.resource_id), () => Promise.reject(error));

  it("gives the lease up where the work failed for now, so that the same key resumes it at once", async () => {
    for (const error of [unavailable(), timedOut(), new TypeError("a mistake")]) {
      const keyed = request();
      await claim(keyed);
      await expect(fail(error, keyed)).rejects.toBe(error);
      expect(await claim({ ...keyed, resource_id: newId() })).toEqual({
        state: "abandoned",
        resource_id: keyed.resource_id,
      });
    }
  });

  it("keeps it where the request was refused, or done", async () => {
    const keyed = request();
    await claim(keyed);
    await expect(fail(conflict("no", "No."), keyed)).rejects.toThrow("No.");
    expect(await orYield(() => yieldKey(database.pool, keyed.resource_id), () => Promise.resolve(1))).toBe(1);
    expect((await refusal(claim(keyed))).code).toBe("request_in_progress");
  });

  it("ends with the work's own error where the lease can't be given up", async () => {
    const work = () => Promise.reject(unavailable("It is away."));
    await expect(orYield(() => Promise.reject(new Error("so is this")), work)).rejects.toThrow("It is away.");
  });
});

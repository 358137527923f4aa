import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { SignJWT } from "jose";
import { ANONYMOUS, withContext } from "../shared/context.ts";
import { newId } from "../shared/ids.ts";
import { createLog } from "../shared/log.ts";
import { type Cache, createCache } from "../shared/redis.ts";
import { testRedis } from "../shared/testing.ts";
import { createSessions } from "./session.ts";

const USER = newId();
const config = { JWT_SECRET: "a secret of more than 32 characters, 1234", JWT_EXPIRATION: 600 };
const log = createLog("gateway", { LOG_LEVEL: "ERROR" });

let cache: Cache;
before(async () => {
  const { url } = await testRedis();
  cache = createCache({ REDIS_URL: url }, log);
  await new Promise<void>((resolve) => cache.redis?.once("ready", resolve));
});
after(() => cache?.close());

/** Two gateways over one Redis, and the truth beneath them. */
function gateways() {
  const alive = new Set<string>();
  let asked = 0;
  const user = {
    checkSession: ({ session_id }: { session_id: string }) => {
      asked++;
      if (!alive.has(session_id)) return Promise.reject(new Error("dead"));
      return Promise.resolve({
        id: session_id,
        user_id: USER,
        role: "customer",
        store_roles: [{ store_id: "s", role: "manager" }],
        email: "a@b.test",
        customer_of: ["s"],
      });
    },
  };
  const make = () => createSessions({ config, cache, user });
  return { one: make(), two: make(), alive, asked: () => asked };
}

async function signed() {
  const sid = newId();
  const token = await new SignJWT({ iss: "nano", aud: "nano", sub: USER, jti: newId(), sid })
    .setProtectedHeader({ alg: "HS256" }).setIssuedAt().setExpirationTime("10 minutes")
    .sign(new TextEncoder().encode(config.JWT_SECRET));
  return { sid, token };
}

describe("sessions in Redis", () => {
  it("are shared by gateways, whole, for 5 s", async () => {
    const { one, two, alive, asked } = gateways();
    const { sid, token } = await signed();
    alive.add(sid);
    const session = await one.check(token);
    expect(await two.check(token)).toEqual(session);
    expect(asked()).toBe(1);
    expect(await cache.redis?.ttl(`session:${sid}`)).toBeLessThanOrEqual(5);
  });

  it("that are killed at one gateway are dead at the other at once, as long as a token lives", async () => {
    const { one, two, alive } = gateways();
    const { sid, token } = await signed();
    alive.add(sid);
    await two.check(token);
    await one.kill([sid]);
    await expect(two.check(token)).rejects.toMatchObject({ code: "invalid_token" });
    expect(await cache.redis?.ttl(`session:${sid}`)).toBeGreaterThan(600);
  });

  it("that are dead stay dead when Redis is flushed", async () => {
    const { one, two, alive } = gateways();
    const { sid, token } = await signed();
    alive.add(sid);
    await two.check(token);
    alive.delete(sid);
    await one.kill([sid]);
    await cache.redis?.flushdb();
    await expect(one.check(token)).rejects.toThrow();
    await expect(two.check(token)).rejects.toThrow();
  });

  it("that are dead stay so where they are to be forgotten", async () => {
    const { one, two, alive } = gateways();
    const { sid, token } = await signed();
    alive.add(sid);
    await one.kill([sid]);
    await one.forget(sid);
    await expect(two.check(token)).rejects.toMatchObject({ code: "invalid_token" });
  });

  it("end with their token, though its signature was checked before", async () => {
    const { one, alive } = gateways();
    const sid = newId();
    alive.add(sid);
    // It ended 25 s ago, and 30 s are allowed for clocks that differ.
    const token = await new SignJWT({ iss: "nano", aud: "nano", sub: USER, jti: newId(), sid })
      .setProtectedHeader({ alg: "HS256" }).setIssuedAt().setExpirationTime(Math.floor(Date.now() / 1000) - 25)
      .sign(new TextEncoder().encode(config.JWT_SECRET));
    expect((await one.check(token)).id).toBe(sid);
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    await expect(one.check(token)).rejects.toMatchObject({ code: "token_expired" });
  });

  it("are asked for again after a flush", async () => {
    const { one, alive, asked } = gateways();
    const { sid, token } = await signed();
    alive.add(sid);
    await one.check(token);
    await cache.redis?.flushdb();
    await one.check(token);
    expect(asked()).toBe(2);
  });

  it("that another gateway killed while the truth was asked stay dead", async () => {
    const { one, alive } = gateways();
    const { sid, token } = await signed();
    alive.add(sid);
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    const slow = createSessions({
      config,
      cache,
      user: {
        checkSession: async () => {
          asked.resolve();
          await answer.promise;
          return { id: sid, user_id: USER, role: "customer", store_roles: [], email: "a@b.test", customer_of: [] };
        },
      },
    });
    const checking = slow.check(token);
    await asked.promise;
    await one.kill([sid]);
    answer.resolve();
    await checking;
    // The old answer did not overwrite the death.
    await expect(slow.check(token)).rejects.toMatchObject({ code: "invalid_token" });
  });

  it("survive nonsense in Redis", async () => {
    const { one, alive } = gateways();
    const { sid, token } = await signed();
    alive.add(sid);
    await cache.redis?.set(`session:${sid}`, "{nonsense");
    expect((await one.check(token)).id).toBe(sid);
  });

  it("forgotten are read anew", async () => {
    const { one, alive, asked } = gateways();
    const { sid, token } = await signed();
    alive.add(sid);
    await one.check(token);
    await one.forget(sid);
    await one.check(token);
    expect(asked()).toBe(2);
  });

  it("are checked within a request that has a deadline", async () => {
    const { one, alive } = gateways();
    const { sid, token } = await signed();
    alive.add(sid);
    const context = { request_id: "r", actor: ANONYMOUS, deadline: Date.now() + 1000 };
    expect((await withContext(context, () => one.check(token))).id).toBe(sid);
  });
});

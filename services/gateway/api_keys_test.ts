import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import type { ApiKey } from "../../proto/gen/nano/user/v1/user.ts";
import { NanoError, unauthenticated } from "../shared/errors.ts";
import { newId, newToken, sha256 } from "../shared/ids.ts";
import type { Cache } from "../shared/redis.ts";
import { createApiKeys } from "./api_keys.ts";

/** What of Redis these use. */
function fakeRedis() {
  const values = new Map<string, string>();
  const redis = {
    get: (name: string) => Promise.resolve(values.get(name) ?? null),
    set: (name: string, value: string) => Promise.resolve(values.set(name, value)),
  };
  return { cache: { redis } as unknown as Pick<Cache, "redis">, values };
}

/** A user service with one key, which counts how often it is asked. */
function world(cache: Pick<Cache, "redis"> = { redis: undefined }) {
  const key = `nano_sk_${newToken()}`;
  const state = { asked: 0, revoked: false, meanwhile: () => Promise.resolve() };
  const user = {
    checkApiKey: async ({ hash }: { hash: string }) => {
      state.asked++;
      const live = !state.revoked && hash === await sha256(key);
      await state.meanwhile();
      if (!live) throw unauthenticated("invalid_api_key", "There is no such key.");
      return { id: newId() } as unknown as ApiKey;
    },
  };
  return { key, state, open: () => createApiKeys({ cache, user }) };
}

const refused = { code: "invalid_api_key" };

describe("createApiKeys()", () => {
  it("asks once for many requests, for an unknown key too", async () => {
    const { key, state, open } = world();
    const keys = open();
    for (let times = 0; times < 3; times++) await keys.check(key);
    expect(state.asked).toBe(1);
    const unknown = `nano_sk_${newToken()}`;
    for (let times = 0; times < 3; times++) await expect(keys.check(unknown)).rejects.toMatchObject(refused);
    expect(state.asked).toBe(2);
  });

  it("asks nobody about what has not the form of a key", async () => {
    const { key, state, open } = world();
    for (const text of ["nano_sk_", `${key}x`, key.replace("_sk_", "_xk_")]) {
      await expect(open().check(text)).rejects.toMatchObject(refused);
    }
    expect(state.asked).toBe(0);
  });

  it("says of a key that was not good lately that it is untried, before it asks anybody", async () => {
    const { key, state, open } = world();
    const keys = open();
    let untried = 0;
    const check = (token: string) => keys.check(token, () => Promise.resolve(void untried++));
    for (let times = 0; times < 3; times++) await check(key);
    expect(untried).toBe(1);
    for (const token of [`nano_sk_${newToken()}`, "nano_sk_short"]) {
      await expect(check(token)).rejects.toMatchObject(refused);
    }
    expect([untried, state.asked]).toEqual([3, 2]);

    const full = () => Promise.reject(new NanoError("too_many", "too_many_requests", "Too many."));
    await expect(keys.check(`nano_sk_${newToken()}`, full)).rejects.toMatchObject({ code: "too_many_requests" });
    expect(state.asked).toBe(2);
    await keys.check(key, full);

    await keys.kill(await sha256(key));
    await expect(keys.check(key, full)).rejects.toMatchObject({ code: "too_many_requests" });
  });

  it("knows a revoked key at once, at the other gateways by Redis", async () => {
    const { cache, values } = fakeRedis();
    const { key, open } = world(cache);
    const [here, there] = [open(), open()];
    await here.check(key);
    await there.check(key);
    await here.kill(await sha256(key));
    await expect(here.check(key)).rejects.toMatchObject(refused);
    await expect(there.check(key)).rejects.toMatchObject(refused);
    values.clear();
    await expect(there.check(key)).rejects.toMatchObject(refused);
  });

  it("does not bring back a key that was revoked while it was asked for", async () => {
    const { key, state, open } = world();
    const keys = open();
    state.meanwhile = async () => await keys.kill(await sha256(key));
    await expect(keys.check(key)).rejects.toMatchObject(refused);
    await expect(keys.check(key)).rejects.toMatchObject(refused);
  });
});

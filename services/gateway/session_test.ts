import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { Redis } from "ioredis";
import { type JWTPayload, SignJWT, UnsecuredJWT } from "jose";
import { unauthenticated } from "../shared/errors.ts";
import { newId } from "../shared/ids.ts";
import { keyId } from "../shared/signing_keys.ts";
import { createSessions } from "./session.ts";

const config = { JWT_SECRET: "a secret of more than 32 characters, 1234", JWT_EXPIRATION: 600 };
const bytes = (text: string) => new TextEncoder().encode(text);
const secret = bytes(config.JWT_SECRET);
const OLDER = "yet another secret of more than 32, 9012";
const USER = newId();
const now = () => Math.floor(Date.now() / 1000);

/** A user service that knows some sessions, and counts how often it is asked. */
function fakeUser() {
  const alive = new Set<string>();
  const user = {
    asked: 0,
    alive,
    checkSession: ({ session_id }: { session_id: string }) => {
      user.asked++;
      if (!alive.has(session_id)) return Promise.reject(unauthenticated("invalid_token"));
      return Promise.resolve({
        id: session_id,
        user_id: USER,
        role: "customer",
        store_roles: [],
        email: "a@b.test",
        customer_of: [],
      });
    },
  };
  return user;
}

/** The claims of a good token, with some changed; an undefined one is left out. */
function claims(sid: string, change: Record<string, unknown> = {}): JWTPayload {
  const whole = { sid, iss: "nano", aud: "nano", sub: USER, jti: newId(), iat: now(), exp: now() + 600, ...change };
  return Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined));
}

function sign(payload: JWTPayload, header: Record<string, unknown> = {}, key: Uint8Array = secret): Promise<string> {
  return new SignJWT(payload).setProtectedHeader({ alg: "HS256", ...header }).sign(key);
}

describe("createSessions()", () => {
  it("gives the session of a good token", async () => {
    const user = fakeUser();
    const sid = newId();
    user.alive.add(sid);
    const sessions = createSessions({ config, cache: { redis: undefined }, user });
    expect(await sessions.check(await sign(claims(sid)))).toMatchObject({ id: sid, user_id: USER });
  });

  const bad: [string, (sid: string) => string | Promise<string>, string?][] = [
    ["one that is no JWT", () => "abc"],
    ["an unsigned one", (sid) => new UnsecuredJWT(claims(sid)).encode()],
    ["one of another key", (sid) => sign(claims(sid), {}, new TextEncoder().encode("x".repeat(40)))],
    [
      "one by another algorithm",
      (sid) => new SignJWT(claims(sid)).setProtectedHeader({ alg: "HS512" }).sign(secret),
    ],
    [
      "one that brings a key of its own",
      (sid) =>
        sign(
          claims(sid),
          { jwk: { kty: "oct", k: "eHh4" }, jku: "http://127.0.0.1/", x5u: "http://127.0.0.1/" },
          new TextEncoder().encode("xxx".repeat(12)),
        ),
    ],
    ["one that expired 31 s ago", (sid) => sign(claims(sid, { exp: now() - 31 })), "token_expired"],
    ["one of another issuer", (sid) => sign(claims(sid, { iss: "evil" }))],
    ["one for another audience", (sid) => sign(claims(sid, { aud: "evil" }))],
    ["one without audience", (sid) => sign(claims(sid, { aud: undefined }))],
    ["one without exp", (sid) => sign(claims(sid, { exp: undefined }))],
    ["one without iat", (sid) => sign(claims(sid, { iat: undefined }))],
    ["one without sub", (sid) => sign(claims(sid, { sub: undefined }))],
    ["one without jti", (sid) => sign(claims(sid, { jti: undefined }))],
    ["one without sid", (sid) => sign(claims(sid, { sid: undefined }))],
    ["one whose sid is no id", () => sign(claims("x' or 1=1"))],
    ["one whose sub is no id", (sid) => sign(claims(sid, { sub: "u" }))],
    ["one whose jti is no text", (sid) => sign(claims(sid, { jti: { a: 1 } }))],
    ["one that is not valid yet", (sid) => sign(claims(sid, { nbf: now() + 40 }))],
    ["one by the secret before the one before", (sid) => sign(claims(sid), { kid: keyId(OLDER) }, bytes(OLDER))],
  ];
  for (const [sentence, make, code] of bad) {
    it(`refuses ${sentence}, without asking anybody`, async () => {
      const user = fakeUser();
      const sid = newId();
      user.alive.add(sid);
      const sessions = createSessions({ config, cache: { redis: undefined }, user });
      await expect(sessions.check(await make(sid))).rejects.toMatchObject({
        kind: "unauthenticated",
        code: code ?? "invalid_token",
      });
      expect(user.asked).toBe(0);
    });
  }

  it("refuses a token of another user for the session, without and with a cache", async () => {
    const user = fakeUser();
    const sid = newId();
    user.alive.add(sid);
    const sessions = createSessions({ config, cache: { redis: undefined }, user });
    const stranger = await sign(claims(sid, { sub: newId() }));
    await expect(sessions.check(stranger)).rejects.toMatchObject({ code: "invalid_token" });
    await sessions.check(await sign(claims(sid)));
    await expect(sessions.check(stranger)).rejects.toMatchObject({ code: "invalid_token" });
  });

  describe("while the secret is changed", () => {
    const next = "another secret of more than 32 chars, 5678";
    const both = { JWT_SECRET: next, JWT_SECRET_PREVIOUS: config.JWT_SECRET, JWT_EXPIRATION: 600 };
    const cases: [string, Record<string, unknown>, string][] = [
      ["by the new one", { kid: keyId(next) }, next],
      ["by the one before", { kid: keyId(config.JWT_SECRET) }, config.JWT_SECRET],
      ["by the one before, from before there were kids", {}, config.JWT_SECRET],
      ["by the new one, under a kid that nobody knows", { kid: "x" }, next],
    ];
    for (const [sentence, header, secret] of cases) {
      it(`takes a token ${sentence}`, async () => {
        const user = fakeUser();
        const sid = newId();
        user.alive.add(sid);
        const sessions = createSessions({ config: both, cache: { redis: undefined }, user });
        expect((await sessions.check(await sign(claims(sid), header, bytes(secret)))).id).toBe(sid);
      });
    }

    it("says of a token by the one before that it has expired, and takes none by a third", async () => {
      const sessions = createSessions({ config: both, cache: { redis: undefined }, user: fakeUser() });
      const expired = await sign(claims(newId(), { exp: now() - 31 }), {}, bytes(config.JWT_SECRET));
      await expect(sessions.check(expired)).rejects.toMatchObject({ code: "token_expired" });
      const third = await sign(claims(newId()), { kid: keyId(next) }, bytes(OLDER));
      await expect(sessions.check(third)).rejects.toMatchObject({ code: "invalid_token" });
    });

    it("takes none by the one before once that is no longer told", async () => {
      const sessions = createSessions({
        config: { JWT_SECRET: next, JWT_EXPIRATION: 600 },
        cache: { redis: undefined },
        user: fakeUser(),
      });
      await expect(sessions.check(await sign(claims(newId())))).rejects.toMatchObject({ code: "invalid_token" });
    });
  });

  it("ignores a foreign key in the header of a token that we signed", async () => {
    const user = fakeUser();
    const sid = newId();
    user.alive.add(sid);
    const sessions = createSessions({ config, cache: { redis: undefined }, user });
    const token = await sign(claims(sid), { jwk: { kty: "oct", k: "eHh4" }, jku: "http://127.0.0.1/" });
    expect((await sessions.check(token)).id).toBe(sid);
  });

  it("lets clocks differ by 30 s", async () => {
    const user = fakeUser();
    const sid = newId();
    user.alive.add(sid);
    const sessions = createSessions({ config, cache: { redis: undefined }, user });
    await sessions.check(await sign(claims(sid, { exp: now() - 25 })));
  });

  it("without Redis asks once for requests that follow each other", async () => {
    const user = fakeUser();
    const sid = newId();
    user.alive.add(sid);
    const sessions = createSessions({ config, cache: { redis: undefined }, user });
    const token = await sign(claims(sid));
    for (let i = 0; i < 5; i++) await sessions.check(token);
    expect(user.asked).toBe(1);
  });

  it("knows at once what it killed, without Redis too", async () => {
    const user = fakeUser();
    const sid = newId();
    user.alive.add(sid);
    const sessions = createSessions({ config, cache: { redis: undefined }, user });
    const token = await sign(claims(sid));
    await sessions.check(token);
    await sessions.kill([sid]);
    await expect(sessions.check(token)).rejects.toMatchObject({ code: "invalid_token" });
    expect(user.asked).toBe(1);
  });

  it("lets no answer that was under way bring a killed session back", async () => {
    const sid = newId();
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    const user = fakeUser();
    user.alive.add(sid);
    const slow = {
      checkSession: async (request: { session_id: string }) => {
        const session = await user.checkSession(request);
        asked.resolve();
        await answer.promise;
        return session;
      },
    };
    const sessions = createSessions({ config, cache: { redis: undefined }, user: slow });
    const checking = sessions.check(await sign(claims(sid)));
    await asked.promise;
    await sessions.kill([sid]);
    answer.resolve();
    await expect(checking).rejects.toMatchObject({ code: "invalid_token" });
  });

  it("works on when Redis is away", async () => {
    const redis = new Redis("redis://127.0.0.1:1", {
      enableOfflineQueue: false,
      lazyConnect: true,
      retryStrategy: () => null,
    });
    redis.on("error", () => {});
    const user = fakeUser();
    const sid = newId();
    user.alive.add(sid);
    const sessions = createSessions({ config, cache: { redis }, user });
    const token = await sign(claims(sid));
    await sessions.check(token);
    await sessions.kill([sid]);
    await expect(sessions.check(token)).rejects.toMatchObject({ code: "invalid_token" });
    redis.disconnect();
  });
});

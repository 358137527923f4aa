import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { expectAnswer, sendJson, sendRough } from "../hostile/rough.ts";
import { PASSWORD, person } from "../hostile/scene.ts";
import type { Fault, Trial } from "../trial.ts";

type Claims = Record<string, unknown>;

const encode = (value: unknown) =>
  btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

function claimsOf(token: string): Claims {
  return JSON.parse(atob((token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")));
}

/** Signs a token with HMAC, as ours are. */
function forge(secret: string | Uint8Array, claims: Claims, header: Claims = {}, hash = "sha256"): string {
  const head = `${encode({ alg: hash.replace("sha", "HS"), typ: "JWT", ...header })}.${encode(claims)}`;
  return `${head}.${createHmac(hash, secret).update(head).digest("base64url")}`;
}

/** Tokens that look like a live session's but were not given by us, or not for this. */
function forgeries(secret: string, claims: Claims, genuine: string): [string, string][] {
  const now = Math.floor(Date.now() / 1000);
  const { aud: _aud, ...withoutAudience } = claims;
  const { exp: _exp, ...withoutEnd } = claims;
  const { sid: _sid, ...withoutSession } = claims;
  const [head = "", body = "", signature = ""] = genuine.split(".");
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const jwk = publicKey.export({ format: "jwk" });
  const rsa = (header: Claims) => {
    const text = `${encode({ alg: "RS256", typ: "JWT", ...header })}.${encode(claims)}`;
    return `${text}.${sign("sha256", new TextEncoder().encode(text), privateKey).toString("base64url")}`;
  };
  const none = (alg: string) => `${encode({ alg, typ: "JWT" })}.${body}.`;
  return [
    ...["none", "None", "NONE", "nOnE"].map((alg): [string, string] => [`the algorithm ${alg}`, none(alg)]),
    ["the algorithm none with a signature", `${none("none")}${signature}`],
    ["no signature", `${head}.${body}.`],
    ["another's signature", `${head}.${encode({ ...claims, sub: crypto.randomUUID() })}.${signature}`],
    ["a foreign key", forge("another-secret-another-secret-another", claims)],
    ["an empty key", forge("", claims)],
    ["HS512", forge(secret, claims, {}, "sha512")],
    ["RS256 with its own jwk", rsa({ jwk })],
    ["RS256 with a jku", rsa({ jku: "https://evil.example/jwks.json", kid: "1" })],
    ["RS256 with an x5u", rsa({ x5u: "https://evil.example/cert.pem" })],
    ["a kid that is a path", forge("", claims, { kid: "../../../../dev/null" })],
    ["a critical header", forge(secret, claims, { crit: ["exp"], b64: false })],
    ["an end in the past", forge(secret, { ...claims, iat: now - 7200, exp: now - 3600 })],
    ["an end 40 s ago", forge(secret, { ...claims, iat: now - 700, exp: now - 40 })],
    ["a beginning in an hour", forge(secret, { ...claims, nbf: now + 3600 })],
    ["no end", forge(secret, withoutEnd)],
    ["no audience", forge(secret, withoutAudience)],
    ["another audience", forge(secret, { ...claims, aud: "elsewhere" })],
    ["another issuer", forge(secret, { ...claims, iss: "elsewhere" })],
    ["no session", forge(secret, withoutSession)],
    ["a session that never was", forge(secret, { ...claims, sid: crypto.randomUUID() })],
    ["a session that is no id", forge(secret, { ...claims, sid: "' or 1=1 --" })],
    ["two dots only", ".."],
    ["a fourth part", `${genuine}.${signature}`],
  ];
}

/** Tokens that are forged, old or used twice. */
export const TOKENS: readonly Fault[] = [
  {
    number: 23,
    title: "JWT none, foreign key, expired, no audience",
    async run(trial) {
      const user = await person(trial);
      const secret = trial.world.environments.get("gateway")?.JWT_SECRET ?? "";
      const claims = claimsOf(user.bearer);
      await trial.load({ shoppers: 4, seconds: 2, users: 0.5 }, async () => {
        const me = (bearer: string) => sendRough(trial, "GET", "/users/me", { who: { bearer } });
        // Made as ours are it is taken: else the refusals would say nothing.
        expectAnswer(trial, "a token made as ours are", await me(forge(secret, claims)), [200]);
        for (const [what, bearer] of forgeries(secret, claims, user.bearer)) {
          const answer = await me(bearer);
          expectAnswer(trial, `a token with ${what}`, answer, [401]);
          trial.expect(/^Bearer/.test(answer.headers.get("www-authenticate") ?? ""), `${what}: no WWW-Authenticate`);
          const write = await sendJson(trial, "PATCH", "/users/me", { name: "Mallory" }, { who: { bearer } });
          expectAnswer(trial, `a write by a token with ${what}`, write, [401]);
        }
        for (
          const authorization of [
            "Bearer",
            "Bearer  ",
            "Basic YTpi",
            `bearer ${user.refresh}`,
            "Bearer null",
            `Bearer ${"a".repeat(7000)}`,
          ]
        ) {
          const answer = await sendRough(trial, "GET", "/users/me", { headers: { authorization } });
          expectAnswer(trial, `Authorization: ${authorization.slice(0, 20)}`, answer, [400, 401, 431]);
        }
        // What a token claims of its user's role counts for nothing.
        const raised = forge(secret, {
          ...claims,
          role: "admin",
          store_roles: [{ store_id: trial.store_id, role: "manager" }],
        });
        expectAnswer(
          trial,
          "a token that claims a role",
          await sendRough(trial, "GET", "/users", { who: { bearer: raised } }),
          [403],
        );
        const { body } = await me(user.bearer);
        trial.expect(body?.name !== "Mallory", "a forged token changed a name");
      });
      trial.expectNoServerErrors();
    },
  },
  {
    number: 24,
    title: "refresh replay, 20 parallel refreshes",
    async run(trial) {
      await trial.load({ shoppers: 4, seconds: 2, users: 0.5 }, async () => {
        for (let round = 0; round < 3; round++) {
          await replay(trial);
          await parallel(trial);
        }
        for (const refresh_token of ["", "x", "a".repeat(43), "../..", "\u0000", "null"]) {
          expectAnswer(trial, `the refresh token ${refresh_token}`, await refresh(trial, refresh_token), [400, 401]);
        }
      });
      trial.expectNoServerErrors();
    },
  },
];

const refresh = (trial: Trial, refresh_token: string) => sendJson(trial, "POST", "/auth/refresh", { refresh_token });
const me = (trial: Trial, bearer: string) => sendRough(trial, "GET", "/users/me", { who: { bearer } });

/** A token that was spent, and whose successor was too, is a thief's or its victim's: nobody of the family stays in. */
async function replay(trial: Trial): Promise<void> {
  const user = await person(trial);
  const second = await refresh(trial, user.refresh);
  expectAnswer(trial, "a refresh", second, [200]);
  const third = await refresh(trial, second.body.refresh_token);
  expectAnswer(trial, "its successor", third, [200]);
  expectAnswer(trial, "the spent token again", await refresh(trial, user.refresh), [401], "token_reused");
  expectAnswer(trial, "the family's last token", await refresh(trial, third.body.refresh_token), [401]);
  for (const bearer of [user.bearer, third.body.access_token]) {
    expectAnswer(trial, "the family's access token", await me(trial, bearer), [401]);
  }
  const again = await sendJson(trial, "POST", "/auth/login", { email: user.email, password: PASSWORD });
  expectAnswer(trial, "signing in anew", again, [200]);
}

/** Twenty tabs at once: each gets a pair, or none; whoever comes late ends the family, and then no pair is worth anything. */
async function parallel(trial: Trial): Promise<void> {
  const user = await person(trial);
  const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(trial, user.refresh)));
  for (const answer of answers) expectAnswer(trial, "one of 20 refreshes at once", answer, [200, 401]);
  const pairs = answers.filter(({ status }) => status === 200).map(({ body }) => body);
  trial.expect(pairs.length > 0, "none of 20 refreshes at once was answered with tokens");
  trial.expect(
    new Set(pairs.map(({ refresh_token }) => refresh_token)).size === pairs.length,
    "two tabs were given one token",
  );
  const next = pairs[0] && await refresh(trial, pairs[0].refresh_token);
  if (!next || next.status !== 200) return;
  // Now the successor is used: the old token is a replay.
  expectAnswer(trial, "the old token after its successor", await refresh(trial, user.refresh), [401], "token_reused");
  for (const { refresh_token, access_token } of [...pairs, next.body]) {
    expectAnswer(trial, "a pair of a dead family", await refresh(trial, refresh_token), [401]);
    expectAnswer(trial, "an access token of a dead family", await me(trial, access_token), [401]);
  }
}

import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { jwtVerify } from "jose";
import { newId, sha256 } from "../shared/ids.ts";
import { keyId } from "../shared/signing_keys.ts";
import { createSigner, newRefreshToken } from "./tokens.ts";

const config = { JWT_SECRET: "a secret of more than 32 characters, 1234", JWT_EXPIRATION: 90 };

describe("createSigner()", () => {
  it("signs all that a gateway asks for", async () => {
    const [user_id, session_id] = [newId(), newId()];
    const token = await createSigner(config).sign(user_id, session_id);
    const { payload, protectedHeader } = await jwtVerify(token, new TextEncoder().encode(config.JWT_SECRET));
    expect(protectedHeader).toEqual({ alg: "HS256", typ: "JWT", kid: keyId(config.JWT_SECRET) });
    expect(payload).toMatchObject({ iss: "nano", aud: "nano", sub: user_id, sid: session_id, jti: expect.any(String) });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(90);
  });
});

describe("newRefreshToken()", () => {
  it("gives 256 random bits and their hash", async () => {
    const [one, two] = [await newRefreshToken(), await newRefreshToken()];
    expect(one.token).toMatch(/^[\w-]{43}$/);
    expect(one.token).not.toBe(two.token);
    expect(one.hash).toBe(await sha256(one.token));
  });
});

import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { Webhook as Verifier } from "standardwebhooks";
import { NanoError } from "../shared/errors.ts";
import { bodyOf, checkWebhook, judge, RETRY_DELAYS } from "./webhook.ts";
import { createWebhookVault, newSecret, signedHeaders } from "./webhook_secret.ts";

describe("judge()", () => {
  it("takes any 2xx for a success", () => {
    expect([200, 201, 204, 299].map((status) => judge(status, 1).state)).toEqual(Array(4).fill("succeeded"));
  });

  it("tries everything else again, redirects and silence too", () => {
    for (const status of [301, 302, 307, 400, 404, 409, 429, 500, 503, undefined]) {
      expect(judge(status, 1, () => 0.5)).toEqual({ state: "pending", delay: 5 });
    }
  });

  it("ends at 410", () => expect(judge(410, 1)).toEqual({ state: "failed", gone: true }));

  it("keeps the schedule of Standard Webhooks, ten attempts in all", () => {
    const delays = RETRY_DELAYS.map((_, index) => judge(500, index + 1, () => 0.5)).map((verdict) =>
      verdict.state === "pending" ? verdict.delay : verdict.state
    );
    const [minute, hour] = [60, 3600];
    const hours = [2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour];
    expect(delays).toEqual([5, 5 * minute, 30 * minute, ...hours, "failed"]);
    expect(judge(500, 10)).toEqual({ state: "failed", gone: false });
  });

  it("varies each pause by at most 20 %", () => {
    const at = (random: number) => judge(500, 2, () => random);
    expect([at(0), at(1)]).toEqual([{ state: "pending", delay: 240 }, { state: "pending", delay: 360 }]);
  });
});

describe("signedHeaders()", () => {
  const body = bodyOf({ type: "order.paid", time: new Date("2026-11-22T09:30:00Z"), data: { name: "Zoë ☃" } });

  it("makes signatures that Standard Webhooks' own library accepts", () => {
    const secret = newSecret();
    const headers = signedHeaders([secret], "evt_1", new Date(), body);
    expect(new Verifier(secret).verify(body, headers)).toEqual({
      type: "order.paid",
      timestamp: "2026-11-22T09:30:00.000Z",
      data: { name: "Zoë ☃" },
    });
    expect(() => new Verifier(secret).verify(body.replace("paid", "void"), headers)).toThrow("signature");
    expect(() => new Verifier(secret).verify(body, { ...headers, "webhook-id": "evt_2" })).toThrow("signature");
    expect(() => new Verifier(newSecret()).verify(body, headers)).toThrow("signature");
  });

  it("signs by both secrets while one follows the other", () => {
    const [latest, old] = [newSecret(), newSecret()];
    const headers = signedHeaders([latest, old], "evt_1", new Date(), body);
    expect(headers["webhook-signature"]).toMatch(/^v1,\S{44} v1,\S{44}$/);
    for (const secret of [latest, old]) new Verifier(secret).verify(body, headers);
  });

  it("agrees with the example of the specification", () => {
    const time = new Date(1614265330 * 1000);
    const headers = signedHeaders(
      ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
      "msg_p5jXN8AQM9LWM0D4loKWxJek",
      time,
      '{"test": 2432232314}',
    );
    expect(headers["webhook-signature"]).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    expect(headers["webhook-timestamp"]).toBe("1614265330");
  });
});

describe("createWebhookVault()", () => {
  const at = (password: string) => createWebhookVault({ DATABASE_URL: `postgres://store:${password}@db/nano` });

  it("opens what it sealed for the same id only, and shows nothing of it", async () => {
    const [vault, secret] = [await at("one"), newSecret()];
    const sealed = await vault.seal(secret, "a");
    expect(await (await at("one")).open(sealed, "a")).toBe(secret);
    expect([await vault.open(sealed, "b"), await (await at("two")).open(sealed, "a")]).toEqual([undefined, undefined]);
    expect(new TextDecoder().decode(sealed)).not.toContain(secret.slice(0, 12));
    expect(await vault.seal(secret, "a")).not.toEqual(sealed);
  });

  it("needs a password to derive its key from", async () => {
    await expect(createWebhookVault({ DATABASE_URL: "postgres://store@db/nano" })).rejects.toThrow("DATABASE_URL");
  });
});

describe("newSecret()", () => {
  it("has 256 bits that differ each time", () => {
    const secrets = Array.from({ length: 50 }, newSecret);
    expect(new Set(secrets).size).toBe(50);
    for (const secret of secrets) expect(Uint8Array.fromBase64(secret.slice("whsec_".length)).length).toBe(32);
  });
});

describe("checkWebhook()", () => {
  const given = { url: "https://erp.example/hooks", description: "", event_types: ["order.paid"] };
  const refusal = (more: object) => {
    try {
      checkWebhook({ ...given, ...more });
    } catch (error) {
      if (error instanceof NanoError) return `${error.code} ${error.extras.errors?.[0]?.pointer}`;
    }
    return "nothing was refused";
  };

  it("is active unless told otherwise, and keeps each type once", () => {
    expect(checkWebhook({ ...given, event_types: ["order.paid", "*", "order.paid"] })).toEqual({
      ...given,
      event_types: ["order.paid", "*"],
      status: "active",
    });
  });

  it("refuses what is wrong by its field", () => {
    expect(refusal({ url: "here" })).toBe("invalid_url /url");
    expect(refusal({ url: `https://a.example/${"x".repeat(2000)}` })).toBe("invalid_url /url");
    expect(refusal({ url: `https://a.example/${"é".repeat(700)}` })).toBe("invalid_url /url");
    expect(refusal({ event_types: [] })).toBe("event_types_required /event_types");
    expect(refusal({ event_types: ["order.paid", "order.eaten"] })).toBe("unknown_event_type /event_types/1");
    expect(refusal({ status: "asleep" })).toBe("invalid_status /status");
    expect(refusal({ description: "x".repeat(2001) })).toBe("invalid_description /description");
  });
});

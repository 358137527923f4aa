import { expect } from "@std/expect";
import { before, describe, it } from "@std/testing/bdd";
import { safeNext } from "./forms.ts";
import { seal, unseal } from "./seal.ts";
import { readSession } from "./session.ts";
import { settings } from "./settings.ts";
import { openConsole } from "./testing.ts";

describe("sealed cookies", () => {
  before(async () => void await openConsole());

  it("open for their purpose only", async () => {
    const text = await seal("session", { a: 1 });
    expect(await unseal("session", text)).toEqual({ a: 1 });
    expect(await unseal("flash", text)).toBeUndefined();
  });

  it("are refused once changed", async () => {
    const text = await seal("session", { a: 1 });
    const other = text.startsWith("A") ? "B" : "A";
    expect(await unseal("session", other + text.slice(1))).toBeUndefined();
    expect(await unseal("session", "")).toBeUndefined();
  });

  it("that the secret before sealed are opened, and those of a third are not", async () => {
    const known = settings();
    const before = await seal("session", { a: 1 });
    const secret = known.JWT_SECRET;
    try {
      Object.assign(known, { JWT_SECRET: "the-next-one-0123456789-klmnopqrstu", JWT_SECRET_PREVIOUS: secret });
      expect(await unseal("session", before)).toEqual({ a: 1 });
      expect(await unseal("flash", before)).toBeUndefined();
      const after = await seal("session", { a: 2 });
      Object.assign(known, { JWT_SECRET: secret, JWT_SECRET_PREVIOUS: undefined });
      expect(await unseal("session", after)).toBeUndefined();
    } finally {
      Object.assign(known, { JWT_SECRET: secret, JWT_SECRET_PREVIOUS: undefined });
    }
  });

  it("are no session unless they hold one", async () => {
    const request = async (value: unknown) =>
      new Request("http://localhost/", { headers: { Cookie: `a=b; nano_session=${await seal("session", value)}` } });
    const session = { access_token: "a", refresh_token: "b", expire_time: 1 };
    expect(await readSession(await request(session))).toEqual(session);
    expect(await readSession(await request({ access_token: "a" }))).toBeUndefined();
    expect(await readSession(new Request("http://localhost/"))).toBeUndefined();
  });
});

describe("safeNext()", () => {
  it("leads nowhere but into the console", () => {
    const cases = [
      ["/orders?status=paid", "/orders?status=paid"],
      ["//evil.test", "/"],
      ["/\\evil.test", "/"],
      ["/\t/evil.test", "/"],
      ["/.//evil.test", "/evil.test"],
      ["/a/..//evil.test?x=//y", "/evil.test?x=//y"],
      ["https://evil.test", "/"],
      ["", "/"],
    ] as const;
    for (const [given, path] of cases) expect([given, safeNext(given)]).toEqual([given, path]);
  });
});

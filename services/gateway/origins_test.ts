import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { createOrigins } from "./origins.ts";

const stores = [
  { store_id: "1", slug: "default", is_default: true, origins: ["https://a.example"] },
  { store_id: "2", slug: "tokyo", is_default: false, origins: ["https://b.example", "https://c.example"] },
];

function originsIn(ENVIRONMENT: string, listOrigins = () => Promise.resolve({ data: stores })) {
  return createOrigins({ config: { ENVIRONMENT, CORS_ORIGINS: ["https://all.example"] }, store: { listOrigins } });
}

describe("createOrigins()", () => {
  const cases: [origin: string, store: string | undefined, allowed: boolean][] = [
    ["https://all.example", "tokyo", true],
    ["https://a.example", undefined, true],
    ["https://a.example", "", true],
    ["https://a.example", "1", true],
    ["https://a.example", "tokyo", false],
    ["https://b.example", "tokyo", true],
    ["https://b.example", "2", true],
    ["https://b.example", "", false],
    ["https://b.example", "nowhere", false],
    ["https://d.example", undefined, false],
    ["http://localhost:5173", undefined, false],
  ];
  for (const [origin, store, allowed] of cases) {
    it(`${allowed ? "allows" : "refuses"} ${origin} in ${store === undefined ? "any store" : `"${store}"`}`, async () => {
      expect(await originsIn("production").allows(origin, store)).toBe(allowed);
    });
  }

  it("allows this machine in development, and nothing that only looks like it", async () => {
    const origins = originsIn("development");
    expect(await origins.allows("http://localhost:5173")).toBe(true);
    expect(await origins.allows("http://localhost.evil.example")).toBe(false);
  });

  it("asks once for many requests, also where the store service is away", async () => {
    let asked = 0;
    const origins = originsIn("production", () => {
      asked++;
      return Promise.reject(new Error("away"));
    });
    for (let times = 0; times < 3; times++) expect(await origins.allows("https://a.example")).toBe(false);
    expect(asked).toBe(1);
  });
});

import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { isProven, PROOF_HEADER } from "../services/shared/forwarding.ts";
import { api } from "./api.ts";
import { settings } from "./settings.ts";
import type { State } from "./utils.ts";

const JWT_SECRET = "only-for-tests-0123456789-abcdefghij";

describe("api()", () => {
  it("tells the gateway who asks, and proves that the console says so", async () => {
    let heard = new Headers();
    const gateway = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
      heard = request.headers;
      return Response.json({});
    });
    Deno.env.set("JWT_SECRET", JWT_SECRET);
    Deno.env.set("GATEWAY_URL", `http://127.0.0.1:${gateway.addr.port}`);
    settings();
    const req = new Request("http://localhost/", { headers: { "X-Forwarded-For": "198.51.100.1" } });
    const remoteAddr = { transport: "tcp" as const, hostname: "203.0.113.7", port: 1 };
    const info = { remoteAddr, completed: Promise.resolve() };
    try {
      await api({ req, info, state: { request_id: "r-1" } as State }).get("/");
    } finally {
      await gateway.shutdown();
    }
    const forwarded = heard.get("X-Forwarded-For") ?? undefined;
    expect(forwarded).toBe("198.51.100.1, 203.0.113.7");
    expect(isProven(JWT_SECRET, forwarded, heard.get(PROOF_HEADER) ?? undefined)).toBe(true);
  });
});

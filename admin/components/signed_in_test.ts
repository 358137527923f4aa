import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { clientName } from "./signed_in.tsx";

describe("clientName()", () => {
  const chrome = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
  const cases: [string | null, string][] = [
    ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"],
    [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${chrome}`, "Chrome on Windows"],
    [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${chrome} Edg/140.0.0.0`, "Edge on Windows"],
    [`Mozilla/5.0 (Linux; Android 15; Pixel 9) ${chrome}`, "Chrome on Android"],
    [
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1",
      "Safari on iPhone",
    ],
    ["curl/8.5.0", "curl/8.5.0"],
    ["x".repeat(300), "x".repeat(60)],
    [null, "unknown"],
  ];
  for (const [user_agent, name] of cases) {
    it(`calls ${user_agent?.slice(0, 40) ?? "nothing"} "${name.slice(0, 20)}"`, () => {
      expect(clientName({ user_agent })).toBe(name);
    });
  }
});

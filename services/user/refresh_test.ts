import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { judge, type ShownToken } from "./refresh.ts";

const fresh: ShownToken = {
  session_alive: true,
  expired: false,
  spent: false,
  just_spent: false,
  successor_used: false,
};

describe("judge()", () => {
  const cases: [string, ShownToken | undefined, string][] = [
    ["renews a fresh token", fresh, "renew"],
    ["refuses an unknown one", undefined, "invalid"],
    ["refuses one of a dead session", { ...fresh, session_alive: false }, "invalid"],
    ["refuses an expired one", { ...fresh, expired: true }, "invalid"],
    ["renews again for another tab", { ...fresh, spent: true, just_spent: true }, "renew"],
    [
      "calls it reused once a successor was used",
      { ...fresh, spent: true, just_spent: true, successor_used: true },
      "reused",
    ],
    ["calls it reused after 10 s", { ...fresh, spent: true }, "reused"],
    ["renews nothing for another tab of a dead session", {
      ...fresh,
      spent: true,
      just_spent: true,
      session_alive: false,
    }, "invalid"],
    ["calls it reused even in a dead session", { ...fresh, spent: true, session_alive: false }, "reused"],
  ];
  for (const [sentence, token, verdict] of cases) it(sentence, () => expect(judge(token)).toBe(verdict));
});

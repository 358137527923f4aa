import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { clientAddress } from "./address.ts";

describe("clientAddress()", () => {
  const cases: [name: string, trusted: string[], connection: string, forwarded: string | undefined, address: string][] =
    [
      ["believes no header from a stranger", ["10.0.0.0/8"], "203.0.113.7", "198.51.100.1", "203.0.113.7"],
      ["believes a trusted proxy", ["10.0.0.0/8"], "10.1.2.3", "198.51.100.1", "198.51.100.1"],
      [
        "takes the last hop that no proxy wrote",
        ["10.0.0.0/8"],
        "10.1.2.3",
        "6.6.6.6, 198.51.100.1, 10.9.9.9",
        "198.51.100.1",
      ],
      ["passes over what is no address", ["10.0.0.0/8"], "10.1.2.3", "unknown, 198.51.100.1", "198.51.100.1"],
      ["takes the proxy itself without a header", ["10.0.0.0/8"], "10.1.2.3", undefined, "10.1.2.3"],
      ["knows IPv6", ["fd00::/8"], "fd00::1", "2001:db8::9", "2001:db8::9"],
      ["knows a single address", ["127.0.0.1"], "127.0.0.1", "198.51.100.1", "198.51.100.1"],
    ];
  for (const [name, trusted, connection, forwarded, address] of cases) {
    it(name, () => expect(clientAddress(trusted)(connection, forwarded)).toBe(address));
  }

  it("refuses what is no CIDR, by the variable's name", () => {
    expect(() => clientAddress(["nonsense"])).toThrow("TRUSTED_PROXIES");
  });
});

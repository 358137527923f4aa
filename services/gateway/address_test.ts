import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { auditNetwork, clientAddress } from "./address.ts";

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
      ["takes a hop with its port", ["10.0.0.0/8"], "10.1.2.3", "6.6.6.6, 198.51.100.1:4711", "198.51.100.1"],
      ["takes one of IPv6 with its port", ["10.0.0.0/8"], "10.1.2.3", "6.6.6.6, [2001:db8::9]:4711", "2001:db8::9"],
      ["believes nothing before a hop that is no address", ["10.0.0.0/8"], "10.1.2.3", "6.6.6.6, unknown", "10.1.2.3"],
      ["takes the proxy itself without a header", ["10.0.0.0/8"], "10.1.2.3", undefined, "10.1.2.3"],
      ["knows IPv6", ["fd00::/8"], "fd00::1", "2001:db8::9", "2001:db8::9"],
      ["knows a single address", ["127.0.0.1"], "127.0.0.1", "198.51.100.1", "198.51.100.1"],
    ];
  for (const [name, trusted, connection, forwarded, address] of cases) {
    it(name, () => expect(clientAddress(trusted)(connection, forwarded)).toBe(address));
  }

  it("believes a stranger's header that the console signed, up to the hop that it saw itself", () => {
    const addressOf = clientAddress(["10.0.0.0/8"]);
    expect(addressOf("127.0.0.1", "6.6.6.6, 198.51.100.1", true)).toBe("198.51.100.1");
    expect(addressOf("127.0.0.1", "198.51.100.1, 10.1.2.3", true)).toBe("198.51.100.1");
    expect(addressOf("127.0.0.1", "198.51.100.1", false)).toBe("127.0.0.1");
  });

  it("refuses what is no CIDR, by the variable's name", () => {
    expect(() => clientAddress(["nonsense"])).toThrow("TRUSTED_PROXIES");
  });
});

describe("auditNetwork()", () => {
  for (
    const [address, network] of [
      ["203.0.113.77", "203.0.113.0/24"],
      ["::ffff:203.0.113.77", "203.0.113.0/24"],
      ["2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"],
      ["2001:DB8::1", "2001:db8:0::/48"],
      ["fe80::1%eth0", "fe80:0:0::/48"],
      ["nobody", ""],
    ] as const
  ) {
    it(`keeps ${network || "nothing"} of ${address}`, () => expect(auditNetwork(address)).toBe(network));
  }
});

import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { isAllowedAddress, parseTarget } from "./targets.ts";

const production = { allowHttp: false, allowPrivate: false };
const trying = { allowHttp: true, allowPrivate: true };

const inside = [
  ["loopback", "127.0.0.1", "127.255.255.254", "::1"],
  ["private networks", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1"],
  ["unique local addresses", "fc00::1", "fd12:3456::1"],
] as const;

const never = [
  ["link-local and metadata", "169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", "fd00:ec2::254"],
  ["other metadata", "168.63.129.16", "100.100.100.200", "192.0.0.192"],
  ["carrier-grade NAT", "100.64.0.1", "100.127.255.255"],
  ["this network, reserved and broadcast", "0.0.0.0", "0.1.2.3", "240.0.0.1", "255.255.255.255", "::"],
  ["multicast", "224.0.0.1", "239.255.255.255", "ff02::1"],
  ["documentation and benchmarks", "192.0.2.1", "198.51.100.1", "203.0.113.1", "198.19.0.1", "2001:db8::1", "3fff::1"],
  ["mapped IPv4", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:a9fe:a9fe", "::127.0.0.1", "::ffff:0:7f00:1"],
  ["6to4, Teredo and NAT64", "2002:7f00:1::", "2001:0:7f00:1::", "64:ff9b::7f00:1", "64:ff9b:1::a00:1"],
  ["site-local", "fec0::1"],
  ["what is no address", "", "example.com", "1.2.3", "1.2.3.4.5", "12345::"],
] as const;

const open = ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "223.255.255.254"];
const openToo = ["2606:4700:4700::1111", "2a00:1450:4001::200e", "2400::1"];

describe("isAllowedAddress()", () => {
  for (const [what, ...addresses] of inside) {
    it(`refuses ${what}, but to a developer who asks`, () => {
      expect(addresses.filter((address) => isAllowedAddress(address, production))).toEqual([]);
      expect(addresses.filter((address) => !isAllowedAddress(address, trying))).toEqual([]);
    });
  }

  for (const [what, ...addresses] of never) {
    it(`refuses ${what} to anybody`, () => {
      for (const rules of [production, trying]) {
        expect(addresses.filter((address) => isAllowedAddress(address, rules))).toEqual([]);
      }
    });
  }

  it("takes public addresses up to the edges of the others", () => {
    expect([...open, ...openToo].filter((address) => !isAllowedAddress(address, production))).toEqual([]);
  });
});

describe("parseTarget()", () => {
  const refused = (rules: typeof production, ...urls: string[]) => urls.filter((url) => parseTarget(url, rules));

  it("takes https, and http only in development", () => {
    expect(parseTarget("https://shop.example/hooks?a=1", production)?.host).toBe("shop.example");
    expect(parseTarget("http://shop.example/", production)).toBeUndefined();
    expect(parseTarget("http://shop.example/", { ...production, allowHttp: true })?.host).toBe("shop.example");
  });

  it("refuses other schemes, credentials and what is no URL", () => {
    expect(refused(trying, "ftp://a.example", "file:///etc/passwd", "javascript:1", "https://u:p@a.example", "a", ""))
      .toEqual([]);
  });

  it("sees through other ways to write an address", () => {
    const ways = ["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "①②⑦.0.0.1", "[::1]", "[::ffff:127.0.0.1]"];
    expect(refused(production, ...ways.map((host) => `https://${host}/`))).toEqual([]);
  });

  it("refuses names of the machine and the network", () => {
    const names = ["localhost", "LOCALHOST.", "a.localhost", "metadata.google.internal", "printer.local"];
    expect(refused(production, ...names.map((host) => `https://${host}/`))).toEqual([]);
    expect(parseTarget("http://localhost:3000/", trying)?.host).toBe("localhost");
  });
});

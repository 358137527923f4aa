import { BlockList, isIP } from "node:net";

/**
 * Finds the client's address: the connection's own, or, where that is a trusted proxy's, the last entry of
 * X-Forwarded-For that no trusted proxy wrote. `trusted` are CIDRs or single addresses.
 */
export function clientAddress(trusted: string[]): (connection: string, forwarded: string | undefined) => string {
  const proxies = new BlockList();
  for (const cidr of trusted) {
    const [network = "", prefix] = cidr.split("/");
    const version = isIP(network);
    if (version === 0) throw new Error(`Cannot start as TRUSTED_PROXIES must be CIDRs: ${cidr} is none.`);
    proxies.addSubnet(network, Number(prefix ?? (version === 4 ? 32 : 128)), version === 4 ? "ipv4" : "ipv6");
  }
  const isTrusted = (address: string) =>
    isIP(address) !== 0 && proxies.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");

  return (connection, forwarded) => {
    let address = connection;
    const hops = (forwarded ?? "").split(",").map((hop) => hop.trim()).filter((hop) => isIP(hop) !== 0);
    while (isTrusted(address)) {
      const before = hops.pop();
      if (before === undefined) break;
      address = before;
    }
    return address;
  };
}

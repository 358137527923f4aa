import { BlockList, isIP } from "node:net";

/** The part of an address that the audit log keeps: /24, or /48 of IPv6. Enough to tell places apart, no person. */
export function auditNetwork(address: string): string {
  const plain = (address.split("%")[0] ?? "").toLowerCase().replace(/^::ffff:(?=\d+\.)/, "");
  if (isIP(plain) === 4) return `${plain.split(".").slice(0, 3).join(".")}.0/24`;
  if (isIP(plain) !== 6) return "";
  const [head = "", tail] = plain.split("::");
  const [front, back] = [head, tail ?? ""].map((part) => part.split(":").filter((group) => group !== ""));
  const zeros = tail === undefined ? [] : Array<string>(8 - (front?.length ?? 0) - (back?.length ?? 0)).fill("0");
  const groups = [...front ?? [], ...zeros, ...back ?? []].slice(0, 3).map((group) => Number.parseInt(group, 16));
  return `${groups.map((group) => group.toString(16)).join(":")}::/48`;
}

/**
 * Finds the client's address: the connection's own, or, where that is a trusted proxy's, the last entry of
 * X-Forwarded-For that no trusted proxy wrote. `trusted` are CIDRs or single addresses; `proven` says that the header
 * is signed by the console, which so is a trusted proxy wherever it runs.
 */
export function clientAddress(
  trusted: string[],
): (connection: string, forwarded: string | undefined, proven?: boolean) => string {
  const proxies = new BlockList();
  for (const cidr of trusted) {
    const [network = "", prefix] = cidr.split("/");
    const version = isIP(network);
    if (version === 0) throw new Error(`Cannot start as TRUSTED_PROXIES must be CIDRs: ${cidr} is none.`);
    proxies.addSubnet(network, Number(prefix ?? (version === 4 ? 32 : 128)), version === 4 ? "ipv4" : "ipv6");
  }
  const isTrusted = (address: string) =>
    trusted.length > 0 && isIP(address) !== 0 && proxies.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");

  return (connection, forwarded, proven = false) => {
    const hops = (forwarded ?? "").split(",").map((hop) => hopAddress(hop.trim()));
    let address = (proven ? hops.pop() : undefined) || connection;
    while (isTrusted(address)) {
      const before = hops.pop();
      // What a proxy wrote that is no address hides whoever stood before it: the rest is what that one claims.
      if (!before) break;
      address = before;
    }
    return address;
  };
}

/** The address of a hop, which some proxies write with its port; "" where it is none. */
function hopAddress(hop: string): string {
  const plain = /^\[(.+)\](?::\d+)?$/.exec(hop)?.[1] ?? /^([\d.]+):\d+$/.exec(hop)?.[1] ?? hop;
  return isIP(plain) ? plain : "";
}

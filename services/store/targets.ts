import { BlockList, isIP } from "node:net";

/** What a webhook's target may be. */
export interface TargetRules {
  /** Plain http, for development. */
  allowHttp: boolean;
  /** Loopback and private networks, to try webhooks out; what is refused for good stays refused. */
  allowPrivate: boolean;
}

/**
 * What is no public host's address, by IANA's special-purpose registries. `inner` is open to a developer who asks.
 * A list holds one family only: BlockList would find a mapped address (::ffff:127.0.0.1) in one of the other.
 */
const IPV4 = {
  inner: blockList(["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]),
  never: blockList([
    "0.0.0.0/8", // this network
    "100.64.0.0/10", // carrier-grade NAT; also a cloud's metadata
    "168.63.129.16/32", // Azure's own services
    "169.254.0.0/16", // link-local: most clouds' metadata
    "192.0.0.0/24", // protocol assignments; also a cloud's metadata
    "192.0.2.0/24", // documentation
    "192.88.99.0/24", // 6to4 relays
    "198.18.0.0/15", // benchmarks
    "198.51.100.0/24", // documentation
    "203.0.113.0/24", // documentation
    "224.0.0.0/4", // multicast
    "240.0.0.0/4", // reserved, broadcast
  ]),
};

const IPV6 = {
  inner: blockList(["::1/128", "fc00::/7"]),
  never: blockList([
    "2001::/23", // Teredo, ORCHID and other assignments
    "2001:db8::/32", // documentation
    "2002::/16", // 6to4: an IPv4 address in disguise
    "3fff::/20", // documentation
    "fd00:ec2::/32", // AWS's metadata
  ]),
  /** Global unicast. It leaves out mapped and translated IPv4, NAT64, link-local, site-local and multicast. */
  global: blockList(["2000::/3"]),
};

/** Names that mean this machine or network whatever they resolve to. */
const INNER_NAME = /(^|\.)(localhost|local|internal|home\.arpa|localdomain)\.?$/i;

/** Whether a webhook may be sent to an IP address. */
export function isAllowedAddress(address: string, { allowPrivate }: TargetRules): boolean {
  const plain = address.split("%", 1)[0] ?? "";
  switch (isIP(plain)) {
    case 4:
      return !IPV4.never.check(plain) && (allowPrivate || !IPV4.inner.check(plain));
    case 6:
      if (IPV6.never.check(plain, "ipv6")) return false;
      return IPV6.global.check(plain, "ipv6") || allowPrivate && IPV6.inner.check(plain, "ipv6");
    default:
      return false;
  }
}

/** A URL taken apart, or undefined where no webhook may go there whatever its name resolves to. */
export function parseTarget(url: string, rules: TargetRules): { url: URL; host: string } | undefined {
  const parsed = URL.parse(url);
  if (!parsed || parsed.username || parsed.password) return undefined;
  if (parsed.protocol !== "https:" && !(rules.allowHttp && parsed.protocol === "http:")) return undefined;
  // URL has made decimal, octal and short forms of IPv4 dotted by now.
  const host = parsed.hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(host) ? !isAllowedAddress(host, rules) : INNER_NAME.test(host) && !rules.allowPrivate) return undefined;
  return { url: parsed, host };
}

function blockList(subnets: string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [address = "", length] = subnet.split("/");
    list.addSubnet(address, Number(length), address.includes(":") ? "ipv6" : "ipv4");
  }
  return list;
}

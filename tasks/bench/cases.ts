import type { Load } from "./load.ts";
import type { Prepared } from "./shop.ts";

/** Something that is measured. */
export interface Case {
  name: string;
  floor?: string;
  load: Omit<Load, "seconds">;
  /** How long it runs before it is measured at first, where that is longer than usual. */
  warm_up_s?: number;
}

const JSON_FLOOR = "floor: ready JSON";
const STATEMENT_FLOOR = "floor: statement";
const HOP_FLOOR = "floor: hop, statement";

const ADDRESS = {
  name: "Ada Lovelace",
  line1: "12 St James's Square",
  city: "London",
  postal_code: "SW1Y 4JH",
  country: "GB",
};

/** The cases in the order of each round: the floors, then what they are floors of. */
export function casesOf(
  prepared: Prepared,
  places: { floors: URL; gateway: URL; admin: URL },
  connections: number,
): Case[] {
  const { adds, browsers, shoppers, slug, cookie } = prepared;
  const at = ({ hostname, port }: URL) => ({ hostname, port: Number(port), connections });
  const get = (where: URL, path: string, more: Partial<Load> = {}): Case["load"] => ({
    ...at(where),
    requests: [{ method: "GET", path }],
    kind: "same",
    tokens: [],
    ...more,
  });
  const { floors, gateway, admin } = places;
  const fresh = { kind: "fresh" } as const;
  return [
    { name: JSON_FLOOR, load: get(floors, "/json") },
    { name: "listing", floor: JSON_FLOOR, load: get(gateway, "/products?limit=20") },
    { name: "product", floor: JSON_FLOOR, load: get(gateway, `/products/${slug}`) },
    { name: STATEMENT_FLOOR, load: get(floors, "/statement") },
    { name: HOP_FLOOR, load: get(floors, "/hop") },
    { name: "listing, uncached", floor: HOP_FLOOR, load: get(gateway, "/products?limit=20", fresh) },
    {
      name: "filtered listing, uncached",
      floor: HOP_FLOOR,
      load: get(gateway, "/products?limit=20&in_stock=true&min_price=500&sort=price", fresh),
    },
    {
      name: "search, uncached",
      floor: HOP_FLOOR,
      load: get(gateway, "", {
        ...fresh,
        requests: ["lin", "shirt", "mug", "lamp", "pen"].map((q) => ({ method: "GET", path: `/products?q=${q}` })),
      }),
    },
    { name: "cart", floor: HOP_FLOOR, load: get(gateway, "/cart", { tokens: browsers }) },
    {
      name: "add to cart",
      floor: HOP_FLOOR,
      load: { ...at(gateway), requests: adds.slice(0, 3), kind: "same", tokens: browsers },
    },
    {
      name: "checkout (add, order, pay)",
      floor: HOP_FLOOR,
      load: { ...at(gateway), requests: adds, kind: "checkout", tokens: shoppers, address: ADDRESS },
      // It runs much code in many processes, which V8 compiles only as it proves to be hot.
      warm_up_s: 15,
    },
    {
      name: "console's home",
      floor: HOP_FLOOR,
      load: get(admin, "/", { requests: [{ method: "GET", path: "/", headers: { Cookie: cookie } }] }),
    },
  ];
}

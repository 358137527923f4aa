/** What the demo shop sells. Prices are in minor units of the store's currency. */

/** A product as `POST /products` takes it; simple, or with variants. */
export interface DemoProduct {
  readonly slug: string;
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly status: "active";
  readonly sku?: string;
  readonly price?: number;
  readonly stock?: number;
  readonly variants?: readonly DemoVariant[];
}

interface DemoVariant {
  readonly sku: string;
  readonly name: string;
  readonly options: Readonly<Record<string, string>>;
  readonly price: number;
  readonly stock: number;
}

/** The categories of the default store, by slug. */
export const CATEGORIES: Readonly<Record<string, string>> = {
  clothing: "Clothing",
  kitchen: "Kitchen",
  stationery: "Stationery",
  outdoors: "Outdoors",
};

type Facts = [category: string, sku: string, name: string, description: string, attributes: Record<string, string>];

function simple(price: number, stock: number, ...[category, sku, name, description, attributes]: Facts): DemoProduct {
  return { slug: slugOf(name), name, description, category, attributes, status: "active", sku, price, stock };
}

/** One variant per size; those beyond the first three sizes cost a little more. */
function sized(
  price: number,
  sizes: Record<string, number>,
  ...[category, sku, name, description, attributes]: Facts
): DemoProduct {
  const variants = Object.entries(sizes).map(([size, stock], at) => ({
    sku: `${sku}-${size}`,
    name: size,
    options: { size },
    price: at < 3 ? price : price + 200,
    stock,
  }));
  return { slug: slugOf(name), name, description, category, attributes, status: "active", variants };
}

function coloured(
  price: number,
  colours: Record<string, number>,
  ...[category, sku, name, description, attributes]: Facts
): DemoProduct {
  const variants = Object.entries(colours).map(([colour, stock]) => ({
    sku: `${sku}-${colour.toUpperCase().replaceAll(" ", "-")}`,
    name: colour,
    options: { colour },
    price,
    stock,
  }));
  return { slug: slugOf(name), name, description, category, attributes, status: "active", variants };
}

function slugOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
}

const SIZES = { S: 18, M: 30, L: 24, XL: 9 };

/** The products of the default store. */
export const PRODUCTS: readonly DemoProduct[] = [
  sized(
    5900,
    SIZES,
    "clothing",
    "LIN-SHIRT",
    "Linen Shirt",
    "A light shirt of washed European linen, cut straight. Softer with each wash.",
    { material: "linen", fit: "regular" },
  ),
  sized(
    2900,
    { ...SIZES, XXL: 4 },
    "clothing",
    "ORG-TEE",
    "Organic Cotton Tee",
    "A plain tee of heavy organic cotton that keeps its shape.",
    { material: "organic cotton", weight: "220 g/m²" },
  ),
  sized(
    8900,
    SIZES,
    "clothing",
    "MER-SWEAT",
    "Merino Sweater",
    "Fine merino wool, knitted in one piece without side seams.",
    { material: "merino wool" },
  ),
  coloured(
    3400,
    { Charcoal: 40, Moss: 25, Rust: 12 },
    "clothing",
    "WOOL-BEANIE",
    "Wool Beanie",
    "A ribbed beanie that folds twice and fits every head.",
    { material: "lambswool" },
  ),
  coloured(
    1600,
    { Navy: 80, Oatmeal: 60, Forest: 35 },
    "clothing",
    "HIKE-SOCK",
    "Hiking Socks",
    "Cushioned at heel and toe, dry by morning.",
    { material: "merino blend" },
  ),
  sized(
    12900,
    { S: 5, M: 8, L: 7 },
    "clothing",
    "WAX-JACKET",
    "Waxed Jacket",
    "Waxed cotton that keeps the rain out for an afternoon and can be waxed again for the next ten years.",
    { material: "waxed cotton" },
  ),
  simple(4500, 26, "clothing", "LEATHER-BELT", "Leather Belt", "Vegetable-tanned leather with a solid brass buckle.", {
    material: "leather",
    width: "35 mm",
  }),

  simple(
    2400,
    60,
    "kitchen",
    "MUG-STONE",
    "Stoneware Mug",
    "Thrown by hand and glazed inside; holds 350 ml and fits a large hand.",
    { capacity: "350 ml" },
  ),
  simple(
    11900,
    14,
    "kitchen",
    "PAN-IRON",
    "Cast Iron Skillet",
    "A pre-seasoned skillet for hob, oven and fire. It will outlive the stove.",
    { diameter: "26 cm" },
  ),
  simple(6900, 18, "kitchen", "KNIFE-CHEF", "Chef's Knife", "A 20 cm blade of carbon steel with a handle of walnut.", {
    blade: "20 cm",
    steel: "carbon",
  }),
  simple(
    3900,
    33,
    "kitchen",
    "COFFEE-DRIP",
    "Pour-Over Dripper",
    "A porcelain dripper with spiral ribs for one to four cups.",
    { material: "porcelain" },
  ),
  simple(
    7900,
    0,
    "kitchen",
    "GRINDER-HAND",
    "Hand Coffee Grinder",
    "Conical steel burrs, forty clicks from espresso to French press. Back in a few weeks.",
    { burrs: "steel" },
  ),
  coloured(
    1900,
    { White: 70, Blue: 45 },
    "kitchen",
    "TEA-TOWEL",
    "Tea Towel",
    "Half linen, half cotton: thirsty from the first day.",
    { size: "50 × 70 cm" },
  ),
  simple(5400, 21, "kitchen", "BOARD-OAK", "Oak Cutting Board", "End grain, oiled, with a groove for juices.", {
    material: "oak",
    size: "40 × 28 cm",
  }),

  coloured(
    1800,
    { Black: 120, Grey: 90, Ochre: 40 },
    "stationery",
    "NOTE-A5",
    "Dotted Notebook A5",
    "160 numbered pages of 100 g paper that lies flat.",
    { pages: "160", size: "A5" },
  ),
  simple(
    3200,
    44,
    "stationery",
    "PEN-FOUNT",
    "Fountain Pen",
    "A steel nib, a converter, and a weight that makes you write slowly.",
    { nib: "F" },
  ),
  simple(900, 150, "stationery", "INK-BLUE", "Blue-Black Ink", "30 ml that dry to a blue that is almost black.", {
    volume: "30 ml",
  }),
  simple(1200, 95, "stationery", "PENCIL-12", "Pencil Set of 12", "Cedar pencils from 4H to 6B in a tin.", {
    grades: "4H–6B",
  }),
  simple(2600, 37, "stationery", "CAL-WALL", "Wall Calendar", "Twelve linocuts, and room for what matters.", {
    size: "A3",
  }),
  simple(4900, 12, "stationery", "DESK-LAMP", "Clamp Desk Lamp", "A warm light on two joints, clamped to any table.", {
    power: "8 W",
  }),

  simple(
    3600,
    52,
    "outdoors",
    "BOTTLE-STEEL",
    "Steel Bottle",
    "Keeps tea hot for twelve hours and water cold for a day.",
    { capacity: "750 ml" },
  ),
  coloured(
    9900,
    { Sand: 11, Slate: 16 },
    "outdoors",
    "PACK-20",
    "Day Pack 20 L",
    "Recycled canvas, one large pocket and one that closes.",
    { volume: "20 l" },
  ),
  simple(
    24900,
    6,
    "outdoors",
    "TENT-2",
    "Two-Person Tent",
    "Pitched in four minutes, dry through a night of rain, 1.9 kg.",
    { weight: "1.9 kg" },
  ),
  simple(4200, 28, "outdoors", "LAMP-HEAD", "Head Torch", "400 lumens, red light, a battery for three nights.", {
    brightness: "400 lm",
  }),
  simple(14900, 9, "outdoors", "BAG-SLEEP", "Down Sleeping Bag", "Responsible down, comfortable to two degrees.", {
    comfort: "2 °C",
  }),
  simple(2100, 64, "outdoors", "CUP-ENAMEL", "Enamel Cup", "Chips honestly. Holds 300 ml over any fire.", {
    capacity: "300 ml",
  }),
];

/** The second store: another currency, without minor units, and prices that include the tax. */
export const SECOND_STORE = {
  slug: "nippon",
  name: "Nano Nippon",
  currency: "JPY",
  country: "JP",
  locale: "ja-JP",
  tax: { rate_bp: 1000, included: true },
} as const;

/** Its categories, by slug. */
export const SECOND_CATEGORIES: Readonly<Record<string, string>> = { tea: "Tea", tableware: "Tableware" };

/** Its products. */
export const SECOND_PRODUCTS: readonly DemoProduct[] = [
  simple(1800, 40, "tea", "SENCHA-100", "Sencha", "First harvest from Uji, grassy and bright.", { weight: "100 g" }),
  simple(2400, 25, "tea", "MATCHA-30", "Matcha", "Stone-ground, for the bowl.", { weight: "30 g" }),
  simple(1200, 60, "tea", "HOJICHA-100", "Hojicha", "Roasted leaves that calm an evening.", { weight: "100 g" }),
  simple(3200, 15, "tableware", "KYUSU", "Kyusu Teapot", "Tokoname clay with a side handle.", { capacity: "280 ml" }),
  coloured(1500, { Indigo: 30, White: 30 }, "tableware", "YUNOMI", "Yunomi Cup", "A cup to hold in both hands.", {
    capacity: "180 ml",
  }),
];

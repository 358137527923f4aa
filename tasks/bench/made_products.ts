/** A catalogue as it might be, the same each time: what sells is in few categories, most is cheap, some is sold out. */
import { createRandom, type Random } from "./seeded.ts";

const words = (text: string) => text.split(" ");
const MATERIALS = words(
  "cotton linen wool steel oak glass clay copper paper leather silk bamboo rattan marble brass felt",
);
const COLOURS = words("black white grey navy red green sand rust olive cream amber teal plum rose indigo slate");
const KINDS = words(
  "shirt mug lamp chair bowl pen bag tent scarf jacket table plate candle clock towel rug vase kettle notebook sock " +
    "boots gloves basket mirror shelf apron blanket pillow bottle knife pan tray stool hat belt wallet frame cushion",
);
const PLAIN = words(
  "made by hand in small numbers the with and for every day light strong warm soft simple lasting easy care wash cold " +
    "dry gift home kitchen garden travel work school winter summer classic new well finished smooth edge size colour",
);
const SYLLABLES = words("ba ko li mo ru ta ne vi so pe du ha ja fi gu wo");

const SHELVES = 120;
const START = Date.UTC(2023, 0, 1);
const SPAN = 1_000 * 24 * 3_600_000;

/** A category as its row will be. */
export interface MadeCategory {
  id: string;
  slug: string;
  name: string;
  parent_id: string | null;
}

/** A variant as its row will be. */
export interface MadeVariant {
  id: string;
  sku: string;
  name: string;
  options: Record<string, string>;
  price: number;
  on_hand: number;
}

/** A product as its row will be, with its variants. */
export interface MadeProduct {
  id: string;
  slug: string;
  name: string;
  description: string;
  status: "active" | "draft" | "archived";
  category_id: string;
  attributes: Record<string, string | number>;
  create_time: string;
  variants: MadeVariant[];
}

/** Twelve departments with nine shelves each. */
export function makeCategories(seed: number): MadeCategory[] {
  const random = createRandom(seed);
  const made: MadeCategory[] = [];
  for (let n = 0; n < SHELVES; n++) {
    const parent_id = n < 12 ? null : made[n % 12]?.id ?? null;
    made.push({ id: random.id(START + n), slug: `bench-shelf-${n}`, name: `Shelf ${n}`, parent_id });
  }
  return made;
}

/** Makes the n-th of so many products. */
export function makeProduct(n: number, of: number, categories: readonly MadeCategory[], seed: number): MadeProduct {
  const random = createRandom(seed + n);
  const time = START + Math.floor(n / of * SPAN);
  const id = random.id(time);
  const [material, colour, kind] = [random.skewed(MATERIALS), random.skewed(COLOURS), random.skewed(KINDS)];
  const brand = brandOf(random);
  const price = Math.min(5_000_000, Math.max(100, Math.round(2_900 * Math.exp(random.normal()))));
  const sizes = random.below(10) < 6 ? 1 : 2 + random.below(3);
  const soldOut = random.below(100) < 12;
  const variants = Array.from({ length: sizes }, (_, size) => ({
    id: random.id(time),
    sku: `B${n}-${size}`,
    name: sizes === 1 ? "" : `Size ${size + 1}`,
    options: sizes === 1 ? {} : { size: String(size + 1) } as Record<string, string>,
    price: price + size * 100,
    on_hand: soldOut ? 0 : random.below(8) === 0 ? random.below(20) : random.below(400),
  }));
  const description = Array.from({ length: 12 + random.below(20) }, () => random.skewed(PLAIN)).join(" ");
  const status = random.below(100);
  return {
    id,
    slug: `bench-${n}`,
    name: `${brand} ${colour} ${material} ${kind}`,
    description: `${description}, by ${brand}.`,
    status: status < 2 ? "draft" : status < 3 ? "archived" : "active",
    category_id: random.skewed(categories).id,
    attributes: { material, colour, weight_g: 50 + random.below(3000) },
    create_time: new Date(time).toISOString(),
    variants,
  };
}

/** One of 4,096 names. */
function brandOf(random: Random): string {
  const name = Array.from({ length: 3 }, () => SYLLABLES[random.below(SYLLABLES.length)]).join("");
  return name.charAt(0).toUpperCase() + name.slice(1);
}

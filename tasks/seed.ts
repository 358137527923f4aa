/** `deno task seed`: fills the running shop with the demo. Safe to run again: what is there stays. */
import { operatorOf, seedKind } from "./shop/plan.ts";
import { orRefuse, Refusal } from "./shop/refusal.ts";
import { runningShop } from "./shop/run_file.ts";
import { environmentWithFile, readSettings } from "./shop/settings.ts";
import { readArguments } from "./shop/usage.ts";
import {
  CATEGORIES,
  type DemoProduct,
  PRODUCTS,
  SECOND_CATEGORIES,
  SECOND_PRODUCTS,
  SECOND_STORE,
} from "./seed/catalogue.ts";
import { CUSTOMERS, placeOrders } from "./seed/orders.ts";
import { type Caller, createRest, type Rest } from "./seed/rest.ts";

/** Which shop is filled, and by whom. */
export interface Seed {
  readonly gatewayUrl: string;
  /** The first operator. The demo's staff and customers have the same password, so that one line can show it. */
  readonly adminEmail: string;
  readonly adminPassword: string;
  readonly log: (line: string) => void;
}

/** The demo's staff of the default store. */
export const STAFF = [
  { email: "manager@nano.test", name: "Mary Manager", role: "manager" },
  { email: "support@nano.test", name: "Sam Support", role: "support" },
] as const;

/**
 * Fills a shop with the demo through its own gateway, as the operator: a catalogue, staff, customers with orders, and a
 * second store. That store's products come last and mark the whole as done; each step before finds what is there.
 */
export async function seed({ gatewayUrl, adminEmail, adminPassword, log }: Seed): Promise<void> {
  const rest = createRest(gatewayUrl);
  try {
    if (await isFilled(rest)) return;
    log("filling the demo shop");
    const operator = await logIn(rest, adminEmail, adminPassword);
    const { id: store_id } = await rest.call<{ id: string }>({}, "GET", "/stores/default");
    await Promise.all([
      fill(rest, operator, CATEGORIES, PRODUCTS),
      ...STAFF.map((person) => hire(rest, operator, person, adminPassword, store_id)),
    ]);
    await Promise.all(CUSTOMERS.map(async (customer) => {
      const caller = await signUp(rest, customer, adminPassword);
      await placeOrders(rest, operator, caller, customer);
    }));
    await openSecondStore(rest, operator);
  } finally {
    rest.close();
  }
}

/** Whether the product that comes last of all is there. */
async function isFilled(rest: Rest): Promise<boolean> {
  const path = `/products/${SECOND_PRODUCTS[0]?.slug}`;
  return await rest.unless(["store_not_found", "product_not_found"], { store: SECOND_STORE.slug }, "GET", path) !==
    undefined;
}

async function fill(
  rest: Rest,
  caller: Caller,
  categories: Readonly<Record<string, string>>,
  products: readonly DemoProduct[],
): Promise<void> {
  for (const [slug, name] of Object.entries(categories)) {
    await rest.unless(["slug_taken"], caller, "POST", "/categories", { slug, name });
  }
  // Newest first is a list's order: the first of a category shall lead it. The categories have no order among them.
  const byCategory = Map.groupBy(products.toReversed(), (product) => product.category);
  await Promise.all([...byCategory.values()].map(async (some) => {
    for (const product of some) await rest.unless(["slug_taken"], caller, "POST", "/products", product);
  }));
}

async function openSecondStore(rest: Rest, operator: Caller): Promise<void> {
  const { slug } = SECOND_STORE;
  await rest.unless(["slug_taken"], operator, "POST", "/stores", SECOND_STORE);
  await fill(rest, { ...operator, store: slug }, SECOND_CATEGORIES, SECOND_PRODUCTS);
}

async function hire(
  rest: Rest,
  operator: Caller,
  person: typeof STAFF[number],
  password: string,
  store_id: string,
): Promise<void> {
  const { user_id } = await signUp(rest, person, password);
  await rest.call(operator, "PATCH", `/users/${user_id}`, { store_roles: [{ store_id, role: person.role }] });
}

interface Tokens {
  access_token: string;
  user: { id: string };
}

async function signUp(
  rest: Rest,
  { email, name }: { email: string; name: string },
  password: string,
): Promise<Caller & { user_id: string }> {
  const tokens = await rest.unless<Tokens>(["email_taken"], {}, "POST", "/auth/register", { email, name, password });
  return tokens ? { token: tokens.access_token, user_id: tokens.user.id } : await logIn(rest, email, password);
}

async function logIn(rest: Rest, email: string, password: string): Promise<Caller & { user_id: string }> {
  const { access_token: token, user } = await rest.call<Tokens>({}, "POST", "/auth/login", { email, password });
  return { token, user_id: user.id };
}

if (import.meta.main) {
  await orRefuse(async () => {
    readArguments();
    const settings = readSettings(environmentWithFile());
    if (seedKind(settings) === "none") {
      throw new Refusal("Nothing to seed as SEED is none: say SEED=demo for the demo shop.");
    }
    const operator = operatorOf(settings);
    if (!operator) throw new Refusal("Cannot seed as ADMIN_EMAIL and ADMIN_PASSWORD must be the operator's.");
    const { gateway } = runningShop(settings.DATA_DIR);
    if (!gateway) throw new Refusal("Cannot seed as the shop is still starting.");
    await seed({ gatewayUrl: gateway, adminEmail: operator.email, adminPassword: operator.password, log: console.log });
  });
}

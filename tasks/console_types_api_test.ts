import { expect } from "@std/expect";
import { before, describe, it } from "@std/testing/bdd";
import { testShop } from "../services/shared/testing.ts";

interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  allOf?: Schema[];
}

/** What the console calls otherwise than the document does. */
const OTHER_NAMES: Record<string, string> = {
  SignedIn: "Session",
  Home: "StoreHome",
  Found: "SearchAnswer",
  BulkResult: "BulkAnswer",
  WebhookDelivery: "WebhookDeliveryWithLog",
  PlatformSettings: "Settings",
};

/** Parts of other schemas, which have no name of their own in the document. */
const NAMELESS = ["Page", "OrderItem", "Variant", "WebhookAttempt", "By", "Figures", "Day", "Credentials"];

/** The fields of a schema and of those that it is made of: whether each is always there. */
function fieldsOf(schema: Schema | undefined, all: Record<string, Schema>): Map<string, boolean> {
  const { $ref, properties = {}, required = [], allOf = [] } = schema ?? {};
  const parts = $ref ? [...allOf, all[$ref.split("/").at(-1) ?? ""]] : allOf;
  const own = Object.keys(properties).map((field) => [field, required.includes(field)] as const);
  return new Map([...parts.flatMap((part) => [...fieldsOf(part, all)]), ...own]);
}

/** The fields of each interface of a file, by its name: whether each is always there. */
function* interfaces(path: string): Generator<[name: string, fields: Map<string, boolean>]> {
  const source = Deno.readTextFileSync(new URL(path, import.meta.url));
  for (const [, name = "", body = ""] of source.matchAll(/^(?:export )?interface (\w+)[^{]*\{\n(.*?)^\}/gms)) {
    const fields = [...body.matchAll(/^ {2}(\w+)(\?)?:/gm)];
    yield [name, new Map(fields.map(([, field = "", optional]) => [field, !optional]))];
  }
}

describe("the console's types", () => {
  const found = ["../admin/types.ts", "../admin/identity_types.ts"].flatMap((path) => [...interfaces(path)]);
  let schemas: Record<string, Schema>;

  before(async () => {
    const { components } = await (await fetch(`${testShop().gateway}/openapi.json`)).json();
    schemas = components.schemas;
  });

  it("are all known to this test", () => {
    expect(found.length).toBeGreaterThan(30);
    expect(found.map(([name]) => name)).toEqual(expect.arrayContaining([...NAMELESS, ...Object.keys(OTHER_NAMES)]));
  });

  for (const [name, fields] of found.filter(([name]) => !NAMELESS.includes(name))) {
    it(`have no field of ${name} that /openapi.json has not, and none for certain that may be absent there`, () => {
      const documented = fieldsOf(schemas[OTHER_NAMES[name] ?? name], schemas);
      const names = [...fields.keys()];
      expect(fields.size).toBeGreaterThan(0);
      expect(names.filter((field) => !documented.has(field))).toEqual([]);
      expect(names.filter((field) => fields.get(field) && !documented.get(field))).toEqual([]);
    });
  }
});

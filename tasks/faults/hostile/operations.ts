import type { Trial } from "../trial.ts";

/** A part of a JSON schema, as /openapi.json has them. */
interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  example?: unknown;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  minimum?: number;
}

interface Parameter {
  $ref?: string;
  name?: string;
  in?: string;
  schema?: Schema;
}

interface Document {
  paths: Record<
    string,
    Record<string, { requestBody?: { content?: Record<string, { schema?: Schema }> }; parameters?: Parameter[] }>
  >;
  components: { schemas: Record<string, Schema> };
}

/** An operation of the API, with a body that fits its schema. */
export interface Operation {
  method: string;
  /** With `{id}` as the document has it. */
  path: string;
  /** Names of query parameters. */
  query: string[];
  /** Undefined where it takes no JSON. */
  body: unknown;
  /** Where in the body text may stand, and where numbers, also where the example has none. */
  texts: string[][];
  numbers: string[][];
}

const METHODS = ["get", "post", "put", "patch", "delete"];

/** All operations of the running shop. */
export async function operationsOf(trial: Trial): Promise<Operation[]> {
  const response = await fetch(`${trial.world.gateway}/openapi.json`);
  const document = await response.json() as Document;
  const reader = new SchemaReader(document);
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      if (!operation) return [];
      const schema = operation.requestBody?.content?.["application/json"]?.schema;
      const body = schema ? reader.sample(schema) : undefined;
      const places = schema ? reader.places(schema, body) : { texts: [], numbers: [] };
      const query = (operation.parameters ?? []).filter((parameter) => parameter.in === "query");
      return [{ method: method.toUpperCase(), path, query: query.map(({ name = "" }) => name), body, ...places }];
    })
  );
}

class SchemaReader {
  constructor(readonly document: Document) {}

  #resolve(schema: Schema): Schema {
    const name = schema.$ref?.split("/").at(-1);
    return name ? { ...this.document.components.schemas[name], ...without(schema) } : schema;
  }

  /** A value that fits a schema: its example, or what it requires. */
  sample(given: Schema): unknown {
    const schema = this.#resolve(given);
    if (schema.example !== undefined) return structuredClone(schema.example);
    const part = schema.anyOf?.[0] ?? schema.oneOf?.[0] ?? schema.allOf?.[0];
    if (part) return this.sample(part);
    if (schema.enum) return schema.enum[0];
    switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
      case "object": {
        const { required = [], properties = {} } = schema;
        return Object.fromEntries(required.map((name) => [name, this.sample(properties[name] ?? {})]));
      }
      case "array":
        return schema.items ? [this.sample(schema.items)] : [];
      case "integer":
      case "number":
        return schema.minimum ?? 1;
      case "boolean":
        return false;
      default:
        return schema.format === "uuid" ? crypto.randomUUID() : "text";
    }
  }

  /** Where text and numbers may stand: in the sample, and in the schema's own properties. */
  places(given: Schema, sample: unknown): { texts: string[][]; numbers: string[][] } {
    const texts = leaves(sample, "string");
    const numbers = leaves(sample, "number");
    for (const [name, property] of Object.entries(this.#resolve(given).properties ?? {})) {
      const types = [this.#resolve(property).type].flat();
      const add = (found: string[][]) => {
        if (!found.some(([first]) => first === name)) found.push([name]);
      };
      if (types.includes("string")) add(texts);
      if (types.includes("integer") || types.includes("number")) add(numbers);
    }
    return { texts, numbers };
  }
}

function leaves(value: unknown, type: "string" | "number", path: string[] = []): string[][] {
  const own = typeof value;
  if (own === type) return path.length ? [path] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner, type, [...path, name]));
}

/** A copy of a body with something else at one place. */
export function withAt(body: unknown, [name = "", ...rest]: readonly string[], value: unknown): unknown {
  const copy: Record<string, unknown> | unknown[] = Array.isArray(body) ? [...body] : { ...(body as object) };
  const inner = (copy as Record<string, unknown>)[name];
  (copy as Record<string, unknown>)[name] = rest.length ? withAt(inner ?? {}, rest, value) : value;
  return copy;
}

function without({ $ref: _, ...rest }: Schema): Schema {
  return rest;
}

/** The parts of an OpenAPI 3.1 document that requests are made of. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly example?: unknown;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

/** A parameter of a route, as the document has it. */
export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required?: boolean;
  readonly schema?: Schema;
}

/** One route and method, as requests need it. */
export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Parameter[];
  /** The body's types with their schemas. */
  readonly bodies: readonly (readonly [type: string, schema: Schema])[];
}

interface Item {
  readonly parameters?: readonly (Parameter & { $ref?: string })[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> };
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Item>> & Item>>;
  readonly components?: {
    readonly schemas?: Readonly<Record<string, Schema>>;
    readonly parameters?: Readonly<Record<string, Parameter>>;
  };
}

const METHODS = ["get", "post", "put", "patch", "delete"] as const;

/** Reads every operation of a running shop's document, and gives what its references name. */
export async function readDocument(gateway: string) {
  const response = await fetch(new URL("/openapi.json", gateway));
  const document = await response.json() as Document;
  const { schemas = {}, parameters: shared = {} } = document.components ?? {};
  const known = (parameter: Parameter & { $ref?: string }) =>
    parameter.$ref ? shared[parameter.$ref.split("/").at(-1) ?? ""] ?? parameter : parameter;
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method): Operation[] => {
      const operation = item[method];
      if (!operation) return [];
      const parameters = [...item.parameters ?? [], ...operation.parameters ?? []].map(known);
      const bodies = Object.entries(operation.requestBody?.content ?? {}).map(([type, { schema }]) =>
        [type, schema ?? {}] as const
      );
      return [{ method: method.toUpperCase(), path, parameters, bodies }];
    })
  );
  const resolve = (schema: Schema): Schema =>
    schema.$ref ? resolve(schemas[schema.$ref.split("/").at(-1) ?? ""] ?? {}) : schema;
  return { operations, resolve };
}

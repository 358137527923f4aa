import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Env } from "./env.ts";
import { eventDocument } from "./event_document.ts";

type Document = ReturnType<OpenAPIHono<Env>["getOpenAPI31Document"]>;
type Paths = NonNullable<Document["paths"]>;
type Operation = NonNullable<Paths[string]["get"]>;

const METHODS = ["get", "post", "put", "patch", "delete"] as const;

const STORE = {
  name: "X-Store",
  in: "header",
  required: false,
  description: "The slug of the request's store; `?store=` does the same. The default store if absent.",
  schema: { type: "string" },
  example: "default",
} as const;

/** The order in which the document is read: first what a storefront needs. */
const TAGS = [
  "Stores",
  "Products",
  "Categories",
  "Media",
  "Cart",
  "Orders",
  "Payments",
  "Auth",
  "Users",
  "Sessions",
  "Personal data",
  "Two-factor sign-in",
  "Staff",
  "API keys",
  "Webhooks",
  "Events",
  "Audit",
  "Settings",
].map((name) => ({ name }));

/** What every operation may answer, beyond what it lists. */
const REFUSED = {
  description: "Refused, as any request may be: a key or token that is no good, too many requests, a fault of ours.",
  content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
} as const;

const SECURITY_SCHEMES = {
  bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT", description: "The access token of /auth." },
  key: {
    type: "apiKey",
    in: "header",
    name: "X-Api-Key",
    description: "A machine's key, publishable or secret; it may stand in `Authorization: Bearer …` too.",
  },
  guest: {
    type: "apiKey",
    in: "header",
    name: "X-Cart-Token",
    description: "A guest's token, which the first write to a cart gives.",
  },
} as const;

/** Adds what holds for many routes, so that none of them repeats it: who may call, in which store, a name, refusals, events. */
export function complete(document: Document): Document {
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    item.parameters = [...(item.parameters ?? []), { $ref: "#/components/parameters/X-Store" }];
    for (const method of METHODS) {
      const operation = item[method];
      if (!operation) continue;
      operation.operationId ??= nameOf(method, path);
      operation.security ??= securityOf(`${method.toUpperCase()} ${path}`, operation);
      operation.responses = { ...operation.responses, default: { $ref: "#/components/responses/Refused" } };
      for (const parameter of operation.parameters ?? []) withoutEmptyDefault(parameter);
    }
  }
  document.components = {
    ...document.components,
    parameters: { ...document.components?.parameters, "X-Store": STORE },
    responses: { ...document.components?.responses, Refused: REFUSED },
    securitySchemes: SECURITY_SCHEMES,
  };
  document.webhooks = eventDocument();
  document.tags = TAGS;
  document.servers ??= [{ url: "/" }];
  return document;
}

/** `post_orders_id_shipments` for POST /orders/{id}/shipments. */
function nameOf(method: string, path: string): string {
  return [method, ...path.split("/")].map((part) => part.replaceAll(/\W+/g, "_").replaceAll(/^_+|_+$/g, ""))
    .filter((part) => part !== "").join("_");
}

/** Answer 401 to some of what they are asked, and need nobody all the same. */
const OPEN = /^(POST \/auth\/(login|refresh)|GET \/products)$/;
/** Nothing for machines: what people have, and what only the platform's own people may. */
const PEOPLE = [
  /^\w+ \/(auth|users\/me|api-keys|invitations|settings)\b/,
  /^\w+ \/users\/{id}\//,
  /^(POST|PATCH) \/users\b/,
  /^POST \/(orders|payments|stores)$/,
  /^PUT \/stores\/{id}\/status$/,
];

/**
 * Who may call: a session; a guest where carts, and orders with their payments, are his own; a key, which is secret
 * where somebody is needed and else names the store, as it does beside a guest's token.
 */
function securityOf(name: string, { responses = {} }: Operation): Record<string, string[]>[] {
  const needed = "401" in responses && !OPEN.test(name);
  const bought = / \/(orders|payments)\b/.test(name) && needed && !("403" in responses);
  const guests = / \/cart\b/.test(name) || bought || name === "PUT /orders/{id}/status";
  return [
    ...(needed ? [] : [{}]),
    { bearer: [] },
    ...(needed && PEOPLE.some((route) => route.test(name)) ? [] : [{ key: [] }]),
    ...(guests ? [{ guest: [] }, { key: [], guest: [] }] : []),
  ];
}

/** A default of "" stands for what was left out: nothing that a client would send. */
function withoutEmptyDefault(parameter: NonNullable<Operation["parameters"]>[number]): void {
  const schema = "schema" in parameter ? parameter.schema : undefined;
  if (schema && "default" in schema && schema.default === "") delete schema.default;
}

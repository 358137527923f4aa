import { getPath } from "@hono/hono/utils/url";
import { OpenAPIHono, z } from "@hono/zod-openapi";
import type { Env } from "./env.ts";
import { type FieldError, invalid, NanoError } from "../shared/errors.ts";
import { Problem } from "./schemas.ts";
import { sentenceOf } from "./validation_words.ts";

z.config({ localeError: sentenceOf });

/** A small Hono app for one resource, whose route schemas are validation, types and OpenAPI document in one. */
export function createRoutes(): OpenAPIHono<Env> {
  return new OpenAPIHono<Env>({
    getPath: (request) => getPath(request).replaceAll(ID_IN_PATH, (id) => id.toLowerCase()),
    defaultHook: (result, c) => {
      if (result.target === "json" && c.get("utf8") === false) throw invalid("invalid_json", "The body is not UTF-8.");
      if (!result.success) throw fromZod(result.error.issues);
    },
  });
}

/** UUIDs in a path get lower case, as those in bodies and queries do (schemas.ts): one thing has one name. */
const ID_IN_PATH = /(?<=\/)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=\/|$)/gi;

/** The answers of a route: the one on success, and problems by their status. Their bodies are documented, not checked. */
export function answers(
  status: number,
  description: string,
  schema: z.ZodType | undefined,
  ...problems: number[]
): Record<number, { description: string }> {
  const success = schema ? { description, content: { "application/json": { schema } } } : { description };
  const refusals = [400, ...problems].map((code) => [code, {
    description: PROBLEMS[code] ?? "Refused.",
    content: { "application/problem+json": { schema: Problem } },
  }]);
  return { [status]: success, ...Object.fromEntries(refusals) };
}

/** A JSON body that must be there. */
export function jsonBody<T extends z.ZodType>(schema: T) {
  return { required: true as const, content: { "application/json": { schema } } };
}

const PROBLEMS: Record<number, string> = {
  400: "The request is not valid.",
  401: "Nobody is signed in, or the token is no good.",
  402: "The payment was declined.",
  403: "The role does not permit it.",
  404: "There is no such thing, or none that the caller may see.",
  409: "The state of things does not allow it.",
  422: "The request cannot be processed as it is.",
  429: "Too many requests.",
};

/** No answer lists more fields than this: it would be longer than the request. */
const MAX_ERRORS = 100;

/** The error of a request that its schema refuses: the fields at fault, at most 100, with their JSON pointers. */
export function fromZod(issues: readonly z.core.$ZodIssue[]): NanoError {
  const errors = issues.flatMap(toFieldErrors).slice(0, MAX_ERRORS);
  const code = errors.find((error) => error.code === "unknown_field")?.code ??
    (errors.length === 1 ? errors[0]?.code : undefined) ?? "invalid_request";
  return new NanoError(
    "invalid",
    code,
    errors.length === 1 && errors[0] ? errors[0].message : "The request is not valid.",
    { errors },
  );
}

function toFieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      pointer: pointer([...path, key]),
      code: "unknown_field",
      message: `There is no field ${key} here.`,
    }));
  }
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    const nearest = issue.errors.toSorted((a, b) => (b[0]?.path.length ?? 0) - (a[0]?.path.length ?? 0))[0] ?? [];
    return nearest.flatMap((inner) => toFieldErrors({ ...inner, path: [...issue.path, ...inner.path] }));
  }
  const code = issue.code === "custom" && typeof issue.params?.["code"] === "string"
    ? issue.params["code"]
    : "invalid_field";
  return [{ pointer: pointer(path), code, message: issue.message }];
}

function pointer(path: string[]): string {
  return path.map((part) => `/${part.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

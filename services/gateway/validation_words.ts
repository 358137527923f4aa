import { z } from "@hono/zod-openapi";

/** What is wrong with a value, in a sentence for people: where a schema says nothing of its own. */
export function sentenceOf(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined
        ? "This must be given."
        : `This must be ${KINDS[issue.expected] ?? "another kind"}.`;
    case "invalid_value":
      return `This must be one of: ${issue.values.join(", ")}.`;
    case "too_small":
      if (issue.minimum === 1 && issue.origin === "string") return "This must not be empty.";
      return `This must ${amount(issue.origin, "at least", issue.minimum)}.`;
    case "too_big":
      return `This must ${amount(issue.origin, "at most", issue.maximum)}.`;
    case "invalid_format":
      return FORMATS[issue.format] ?? undefined;
  }
  return undefined;
}

const KINDS: Record<string, string> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
};

const FORMATS: Record<string, string> = {
  datetime: "This must be a point in time, such as 2026-11-22T09:30:00Z.",
  email: "This is not an e-mail address.",
  url: "This must be a web address, such as https://example.com.",
};

function amount(origin: string, bound: string, limit: number | bigint): string {
  const many = Number(limit) === 1 ? ["character", "entry"] : ["characters", "entries"];
  if (origin === "string") return `have ${bound} ${limit} ${many[0]}`;
  return origin === "array" || origin === "set" ? `have ${bound} ${limit} ${many[1]}` : `be ${bound} ${limit}`;
}

import { z } from "@hono/zod-openapi";
import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { fromZod } from "./openapi.ts";
import { text } from "./schemas.ts";

function said(schema: z.ZodType, value: unknown): string | undefined {
  const { error } = schema.safeParse(value);
  return error && fromZod(error.issues).message;
}

describe("the words of a refused value", () => {
  it("are a sentence for people, whatever is wrong", () => {
    const cases: [z.ZodType, unknown, string][] = [
      [text(5), "", "This must not be empty."],
      [text(5), "too long", "This must have at most 5 characters."],
      [z.int().min(0), null, "This must be a number."],
      [z.int(), 1.5, "This must be a whole number."],
      [z.int().max(100), 101, "This must be at most 100."],
      [z.object({ name: text(5) }), {}, "This must be given."],
      [z.array(z.int()).min(1), [], "This must have at least 1 entry."],
      [z.enum(["a", "b"]), "c", "This must be one of: a, b."],
      [z.url(), "nowhere", "This must be a web address, such as https://example.com."],
    ];
    expect(cases.map(([schema, value]) => said(schema, value))).toEqual(cases.map(([, , words]) => words));
  });

  it("are the schema's own where it has some", () => {
    expect(said(z.string().min(3, "Three letters."), "a")).toBe("Three letters.");
    expect(said(z.string().refine(() => false, "Never."), "a")).toBe("Never.");
  });
});

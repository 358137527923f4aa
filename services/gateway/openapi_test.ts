import { z } from "@hono/zod-openapi";
import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { createRoutes, fromZod } from "./openapi.ts";
import { Id, MoneyInput, pageQuery, text, wholeNumber } from "./schemas.ts";

function refusalOf(schema: z.ZodType, value: unknown) {
  const result = schema.safeParse(value);
  if (result.success) throw new Error("was accepted");
  const { kind, code, extras } = fromZod(result.error.issues);
  return { kind, code, errors: extras.errors?.map(({ pointer, code }) => ({ pointer, code })) };
}

describe("fromZod()", () => {
  const schema = z.strictObject({ lines: z.array(z.strictObject({ name: text(5), price: MoneyInput })) });

  it("points at an unknown field and names its code", () => {
    expect(refusalOf(schema, { lines: [], "a/b~": 1 })).toEqual({
      kind: "invalid",
      code: "unknown_field",
      errors: [{ pointer: "/a~1b~0", code: "unknown_field" }],
    });
  });

  it("points into arrays", () => {
    expect(refusalOf(schema, { lines: [{ name: "", price: 1 }] })).toEqual({
      kind: "invalid",
      code: "invalid_field",
      errors: [{ pointer: "/lines/0/name", code: "invalid_field" }],
    });
  });

  it("points into the alternative that was meant", () => {
    expect(refusalOf(schema, { lines: [{ name: "a", price: { amount: 1.5, currency: "USD" } }] }).errors)
      .toEqual([{ pointer: "/lines/0/price/amount", code: "invalid_field" }]);
  });

  it("lists no more than 100 of them", () => {
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`x${index}`, 1]));
    expect(refusalOf(schema, { lines: [], ...many })).toMatchObject({ code: "unknown_field", errors: { length: 100 } });
  });

  it("lists every field at fault", () => {
    expect(refusalOf(schema, { lines: [{ name: "toolong", price: -1 }] }).errors?.map((error) => error.pointer))
      .toEqual(["/lines/0/name", "/lines/0/price"]);
  });
});

describe("an id in capitals", () => {
  const [loud, id] = ["019AA0B4-7A3C-7C55-9B7E-3F1D2C4B5A69", "019aa0b4-7a3c-7c55-9b7e-3f1d2c4b5a69"];

  it("is the same id in bodies and queries", () => {
    expect(Id.parse(loud)).toBe(id);
    expect(Id.safeParse(`${loud}0`).success).toBe(false);
  });

  it("is the same id in paths, whose other parts stay", async () => {
    const inner = createRoutes();
    inner.get("/:id/Parts/:part", (c) => c.json([c.req.param("id"), c.req.param("part"), c.req.path]));
    const app = createRoutes();
    app.route("/things", inner);
    for (const [path, ...ids] of [[`${loud}/Parts/${loud}`, id, id], [`%30${loud.slice(1)}/Parts/A`, id, "A"]]) {
      const answer = await app.request(`/things/${path}?x=${loud}`);
      expect(await answer.json()).toEqual([...ids, `/things/${ids[0]}/Parts/${ids[1]}`]);
    }
    const [slug, name] = [`x${loud}`, `${loud}.json`];
    const path = `/things/${slug}/Parts/${name}`;
    expect(await (await app.request(path)).json()).toEqual([slug, name, path]);
  });
});

describe("pageQuery.limit", () => {
  const { limit } = pageQuery;
  for (
    const [given, taken] of [[undefined, 20], ["1", 1], ["100", 100], ["101", 100], ["9007199254740993", 100]] as const
  ) {
    it(`takes ${given} for ${taken}`, () => expect(limit.parse(given)).toBe(taken));
  }
  for (const given of ["0", "-1", "0.5", "", "abc"]) {
    it(`refuses "${given}"`, () => expect(limit.safeParse(given).success).toBe(false));
  }
});

describe("wholeNumber", () => {
  for (const given of ["", " ", "-1", "0.5", "1e3", "0x10", "9".repeat(16)]) {
    it(`refuses "${given}"`, () => expect(wholeNumber.safeParse(given).success).toBe(false));
  }
  it("takes digits", () => expect(wholeNumber.parse("01999")).toBe(1999));
});

describe("text()", () => {
  for (
    const [name, value] of [["NUL", "a\0b"], ["a lone surrogate", "a\ud800"], ["too many characters", "x".repeat(6)], [
      "nothing",
      "",
    ]]
  ) {
    it(`refuses ${name}`, () => expect(text(5).safeParse(value).success).toBe(false));
  }
  it("takes any other script", () => expect(text(5).safeParse("שלום☃").success).toBe(true));
});

import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { NanoError } from "../shared/errors.ts";
import { checkChange, checkSettings, checkStatus, isCountry, type Store } from "./store.ts";

const given = { slug: "tea-house", name: "Tea house", currency: "JPY", country: "JP" };

/** The code and the field that a refusal names. */
function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof NanoError) return `${error.code} ${error.extras.errors?.[0]?.pointer}`;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("checkSettings()", () => {
  it("fills in a locale and no tax", () => {
    expect(checkSettings(given)).toEqual({ ...given, locale: "en-US", tax: { rate_bp: 0, included: false } });
  });

  it("takes the locale in its canonical form", () => {
    expect(checkSettings({ ...given, locale: "ja-jp" }).locale).toBe("ja-JP");
  });

  for (
    const slug of [
      "",
      "Tea",
      "tea_house",
      "-tea",
      "tea-",
      "tea--house",
      "x".repeat(64),
      "01900000-0000-7000-8000-000000000001",
    ]
  ) {
    it(`refuses the slug "${slug}"`, () => {
      expect(refusal(() => checkSettings({ ...given, slug }))).toBe("invalid_slug /slug");
    });
  }

  it("refuses a currency that is not in use", () => {
    expect(refusal(() => checkSettings({ ...given, currency: "XXZ" }))).toBe("invalid_currency /currency");
    expect(refusal(() => checkSettings({ ...given, currency: "usd" }))).toBe("invalid_currency /currency");
  });

  it("refuses a locale that is not BCP 47", () => {
    expect(refusal(() => checkSettings({ ...given, locale: "en_US" }))).toBe("invalid_locale /locale");
  });

  it("refuses an origin that is meant for several, as no browser sends it", () => {
    const origins = { values: ["https://tea.example", "https://*.tea.example"] };
    expect(refusal(() => checkSettings({ ...given, origins }))).toBe("invalid_origin /origins/1");
  });

  it("refuses a blank name and one of 201 characters", () => {
    expect(refusal(() => checkSettings({ ...given, name: "  " }))).toBe("invalid_name /name");
    expect(refusal(() => checkSettings({ ...given, name: "x".repeat(201) }))).toBe("invalid_name /name");
  });

  it("refuses a tax above 100 % and one below 0", () => {
    expect(refusal(() => checkSettings({ ...given, tax: { rate_bp: 10_001, included: true } }))).toBe(
      "invalid_tax /tax/rate_bp",
    );
    expect(refusal(() => checkSettings({ ...given, tax: { rate_bp: -1, included: true } }))).toBe(
      "invalid_tax /tax/rate_bp",
    );
  });
});

describe("isCountry()", () => {
  it("knows the 249 codes of ISO 3166-1", () => {
    const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
    const codes = letters.flatMap((first) => letters.map((second) => first + second));
    expect(codes.filter(isCountry).length).toBe(249);
  });

  for (const code of ["", "us", "USA", "UK", "EU", "ZZ", "XK", "12"]) {
    it(`does not know "${code}"`, () => expect(isCountry(code)).toBe(false));
  }
});

describe("checkChange()", () => {
  it("refuses another currency", () => {
    const settings = checkSettings(given);
    const store: Store = {
      ...settings,
      id: "",
      status: "active",
      create_time: new Date(),
      update_time: new Date(),
      version: 1,
      origins: [],
    };
    checkChange(store, settings);
    expect(refusal(() => checkChange(store, { ...settings, currency: "USD" }))).toBe("currency_fixed /currency");
  });
});

describe("checkStatus()", () => {
  it("refuses what is no status", () => {
    expect(checkStatus("suspended")).toBe("suspended");
    expect(refusal(() => checkStatus("deleted"))).toBe("invalid_status /status");
  });
});

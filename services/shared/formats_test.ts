import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { dateFormat, numberFormat, spanFormat } from "./formats.ts";

describe("numberFormat()", () => {
  it("writes as the locale does, and is made once for the same options", () => {
    expect(numberFormat("de-DE").format(1234.5)).toBe("1.234,5");
    expect(numberFormat("en-US").format(1234.5)).toBe("1,234.5");
    expect(numberFormat("en-US", { maximumFractionDigits: 0 }).format(1234.4)).toBe("1,234");
    expect(numberFormat("de-DE")).toBe(numberFormat("de-DE"));
    expect(numberFormat("de-DE")).not.toBe(numberFormat("de-DE", { maximumFractionDigits: 0 }));
  });
});

describe("dateFormat()", () => {
  it("writes as the locale does, and is made once for the same options", () => {
    const day = new Date("2026-11-22T23:30:00Z");
    const format = (locale: string, timeZone: string) => dateFormat(locale, { dateStyle: "short", timeZone });
    expect(format("de-DE", "UTC").format(day)).toBe("22.11.26");
    expect(format("en-US", "UTC").format(day)).toBe("11/22/26");
    expect(format("de-DE", "Asia/Tokyo").format(day)).toBe("23.11.26");
    expect(format("de-DE", "UTC")).toBe(format("de-DE", "UTC"));
  });
});

describe("spanFormat()", () => {
  it("writes as the locale does, and is made once for the same options", () => {
    expect(spanFormat("de-DE", { numeric: "auto" }).format(-1, "day")).toBe("gestern");
    expect(spanFormat("en-US", { numeric: "auto" }).format(-2, "day")).toBe("2 days ago");
    expect(spanFormat("de-DE", {})).toBe(spanFormat("de-DE", {}));
  });
});

import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { csvLine, parseCsv } from "./csv.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("csvLine()", () => {
  it("quotes what needs it, and doubles quotes", () => {
    expect(csvLine(["a", 'b "c"', "d,e", "f\ng", 12, undefined])).toBe('a,"b ""c""","d,e","f\ng",12,\r\n');
  });

  for (const cell of ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"]) {
    it(`makes no formula of ${JSON.stringify(cell)}`, () => {
      expect(csvLine([cell]).replace(/^"/, "")[0]).toBe("'");
    });
  }

  it("is read back as it was", () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 5 }), (cells) => {
        // What begins with an apostrophe before a formula's mark loses it; a line of nothing but space is none.
        fc.pre(!cells.some((cell) => /^'[=+\-@\t\r]/.test(cell)) && cells.some((cell) => cell.trim()));
        expect(parseCsv(bytes("h\r\n" + csvLine(cells))).rows[0]?.cells).toEqual(cells);
      }),
    );
  });
});

describe("parseCsv()", () => {
  it("takes commas, semicolons and tabs, and a byte order mark", () => {
    for (const mark of [",", ";", "\t"]) {
      expect(parseCsv(bytes(`\ufeffa${mark}b\n1${mark}2\n`))).toEqual({
        header: ["a", "b"],
        rows: [{ line: 2, cells: ["1", "2"] }],
      });
    }
  });

  it("tells the line at which a row begins, whatever breaks its cells hold", () => {
    const { rows } = parseCsv(bytes('a,b\n"one\ntwo",2\n\n3,4\n'));
    expect(rows.map((row) => row.line)).toEqual([2, 5]);
  });

  it("takes any line breaks, and several kinds in one table", () => {
    expect(parseCsv(bytes("a,b\n1,2\r\n3,4\r5,6"))).toEqual({
      header: ["a", "b"],
      rows: [{ line: 2, cells: ["1", "2"] }, { line: 3, cells: ["3", "4"] }, { line: 4, cells: ["5", "6"] }],
    });
  });

  it("reads 10,000 lines, also of nothing but separators, and no more", () => {
    expect(parseCsv(bytes("a,b,c\n1,2,3\n" + ",\n".repeat(9_998))).rows).toHaveLength(1);
    expect(() => parseCsv(bytes("a,b,c\n1,2,3\n" + ",\n".repeat(9_999)))).toThrow("too many lines");
  });

  for (const [what, table] of [["an open quote", 'a\n"b'], ["a quote within a cell", 'a\nb"c']] as const) {
    it(`refuses ${what}`, () => expect(() => parseCsv(bytes(table))).toThrow("can't be read"));
  }

  it("refuses what is not UTF-8", () => {
    expect(() => parseCsv(new Uint8Array([0x61, 0xff]))).toThrow("UTF-8");
  });
});

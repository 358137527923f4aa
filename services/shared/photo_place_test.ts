import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import { forgetPlace } from "./photo_place.ts";

/** EXIF of which way is up and, if wanted, of a place: 48° 51' 30" north. */
function exif(order: "II" | "MM", place = true): Buffer {
  const bytes = Buffer.alloc(100);
  const short = (value: number, at: number) =>
    order === "II" ? bytes.writeUInt16LE(value, at) : bytes.writeUInt16BE(value, at);
  const long = (value: number, at: number) =>
    order === "II" ? bytes.writeUInt32LE(value, at) : bytes.writeUInt32BE(value, at);
  const entry = (at: number, tag: number, type: number, count: number, value: number) => {
    short(tag, at);
    short(type, at + 2);
    long(count, at + 4);
    long(value, at + 8);
  };
  bytes.write(order);
  short(42, 2);
  long(8, 4);
  short(place ? 2 : 1, 8);
  entry(10, 0x0112, 3, 1, 6);
  if (!place) return bytes;
  entry(22, 0x8825, 4, 1, 38);
  short(2, 38);
  entry(40, 1, 2, 2, 0x4e);
  entry(52, 2, 5, 3, 70);
  [48, 1, 51, 1, 30, 1].forEach((value, index) => long(value, 70 + 4 * index));
  return bytes;
}

const jpeg = (part: Buffer) =>
  Buffer.concat([Buffer.from("ffd8ffe10072", "hex"), Buffer.from("Exif\0\0"), part, Buffer.from("ffd9", "hex")]);
const webp = (part: Buffer) => Buffer.concat([Buffer.from("RIFF\0\0\0\0WEBPEXIF\0\0\0\x64", "latin1"), part]);
function png(type: string, content: Buffer): Buffer {
  const bytes = Buffer.alloc(content.length + 12);
  bytes.writeUInt32BE(content.length);
  bytes.write(type, 4);
  content.copy(bytes, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + content.length)), 8 + content.length);
  return Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), bytes]);
}

/** The image without its place, as another. */
function without(image: Buffer): Buffer {
  const copy = Buffer.from(image);
  forgetPlace(copy);
  return copy;
}

/** The same EXIF with nothing from its second directory on. */
const blanked = (order: "II" | "MM") => exif(order).fill(0, 38);

describe("forgetPlace()", () => {
  for (const order of ["II", "MM"] as const) {
    it(`blanks the place in EXIF of the order ${order}, and keeps which way is up`, () => {
      expect(without(jpeg(exif(order)))).toEqual(jpeg(blanked(order)));
      expect(without(webp(exif(order)))).toEqual(webp(blanked(order)));
    });
  }

  it("keeps the checksum of a PNG's part right", () => {
    expect(without(png("eXIf", exif("MM")))).toEqual(png("eXIf", blanked("MM")));
  });

  it("blanks the place in XMP", () => {
    const xmp = (place: string) =>
      jpeg(Buffer.from(`<r exif:GPSLatitude="${place}N" b="1"><exif:GPSLongitude>${place}E</exif:GPSLongitude></r>`));
    expect(without(xmp("48,51.5"))).toEqual(xmp("00,00.0"));
  });

  it("does not change what says no place", () => {
    const plain = [jpeg(exif("II", false)), png("tEXt", Buffer.from("GPS is a word, 12")), jpeg(Buffer.from("II*\0"))];
    for (const image of plain) expect(without(image)).toEqual(image);
  });

  it("writes no more than a camera would, however large a value says it is", () => {
    const huge = Buffer.concat([exif("II"), Buffer.alloc(50_000, 1)]);
    // The second entry's value, of 4 GiB.
    huge.writeUInt16LE(7, 54);
    huge.writeUInt32LE(0xffffffff, 56);
    expect(without(jpeg(huge)).indexOf(Buffer.alloc(30_000, 1))).toBeGreaterThan(0);
  });

  it("never fails, whatever stands there", () => {
    const junk = fc.uint8Array({ maxLength: 200 }).map((noise) => {
      const bytes = jpeg(exif("II"));
      noise.forEach((value, at) => bytes[12 + at * 7 % 100] = value);
      return bytes;
    });
    fc.assert(fc.property(junk, (bytes) => forgetPlace(bytes)));
    const endless = Buffer.from("Exif\0\0II*\0\x08\0\0\0\xff\xff".repeat(100_000), "latin1");
    forgetPlace(endless);
  });
});

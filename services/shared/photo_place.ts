import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";

/** What stands before EXIF in a JPEG, a WebP and a PNG, and how many bytes before. */
const MARKS = [["Exif\0\0", 6], ["EXIF", 8], ["eXIf", 4]] as const;
/** The entry of EXIF that points to the directory of the place. */
const PLACE = 0x8825;
/** How many bytes a value has, by its type in EXIF. */
const SIZES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8];
/** More than any camera writes. */
const MAX_DIRECTORIES = 16;
const MAX_ENTRIES = 500;
const MAX_VALUE = 10_000;
/** The same place as XMP says it, in an attribute or an element. */
const XMP_PLACE = /GPS(?:Dest)?(?:Latitude|Longitude)(?:="[^"]{0,100}|='[^']{0,100}|>[^<]{0,100})/g;
const PNG = "\x89PNG\r\n\x1a\n";

/**
 * Blanks, in place, where a photo was taken: phones note it in EXIF, programs in XMP, and what a shop shows is public.
 * All else stays, also which way is up; an image that says no place is not changed.
 */
export function forgetPlace(image: Uint8Array): void {
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.byteLength);
  let found = false;
  for (const [mark, length] of MARKS) {
    let at = bytes.indexOf(mark, 0, "latin1");
    for (let seen = 0; at >= 0 && seen < MAX_DIRECTORIES; seen++) {
      found = blankExif(bytes.subarray(at + length)) || found;
      at = bytes.indexOf(mark, at + 1, "latin1");
    }
  }
  if (bytes.includes("GPS", 0, "latin1")) {
    for (const { 0: text, index } of bytes.toString("latin1").matchAll(XMP_PLACE)) {
      bytes.write(text.replace(/\d/g, "0"), index, "latin1");
      found = true;
    }
  }
  if (found && bytes.toString("latin1", 0, PNG.length) === PNG) sumAnew(bytes);
}

/** Blanks the place in EXIF that begins here; false if it is none, or says no place. */
function blankExif(exif: Buffer): boolean {
  const order = exif.toString("latin1", 0, 4);
  if (order !== "II*\0" && order !== "MM\0*") return false;
  const little = order === "II*\0";
  const has = (at: number, size: number) => at + size <= exif.length;
  const short = (at: number) => has(at, 2) ? little ? exif.readUInt16LE(at) : exif.readUInt16BE(at) : 0;
  const long = (at: number) => has(at, 4) ? little ? exif.readUInt32LE(at) : exif.readUInt32BE(at) : 0;
  const blank = (at: number, size: number) => exif.fill(0, Math.min(at, exif.length), Math.min(at + size, exif.length));
  const entriesOf = (at: number) =>
    Array.from({ length: Math.min(short(at), MAX_ENTRIES) }, (_, index) => at + 2 + 12 * index);

  const place = entriesOf(long(4)).find((entry) => short(entry) === PLACE);
  if (place === undefined) return false;
  const directory = long(place + 8);
  const entries = entriesOf(directory);
  for (const entry of entries) {
    const size = (SIZES[short(entry + 2)] ?? 0) * long(entry + 4);
    // What has more than four bytes stands elsewhere.
    if (size > 4) blank(long(entry + 8), Math.min(size, MAX_VALUE));
  }
  blank(directory, 2 + 12 * entries.length);
  return entries.length > 0;
}

/** Writes the checksums of a PNG's parts that may hold a place: browsers pass over a part whose sum is wrong. */
function sumAnew(png: Buffer): void {
  for (let at = PNG.length; at + 12 <= png.length;) {
    const end = at + 8 + png.readUInt32BE(at);
    if (end + 4 > png.length) return;
    const part = png.subarray(at + 4, end);
    if (/^(eXIf|iTXt|tEXt)/.test(part.toString("latin1", 0, 4))) png.writeUInt32BE(crc32(part), end);
    at = end + 4;
  }
}

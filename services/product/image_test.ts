import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { readImage } from "./image.ts";

const ascii = (text: string) => [...text].map((char) => char.charCodeAt(0));

function png(width: number, height: number): Uint8Array {
  const bytes = new Uint8Array(64);
  bytes.set([0x89, ...ascii("PNG"), 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, ...ascii("IHDR")]);
  new DataView(bytes.buffer).setUint32(16, width);
  new DataView(bytes.buffer).setUint32(20, height);
  return bytes;
}

/** A comment, a table (DHT) and then the frame header, as after a long EXIF part. */
function jpeg(width: number, height: number, sof = 0xc2): Uint8Array {
  const size = [height >> 8, height & 255, width >> 8, width & 255];
  return new Uint8Array([
    ...[0xff, 0xd8, 0xff, 0xfe, 0, 4, 1, 2, 0xff, 0xc4, 0, 3, 9],
    ...[0xff, 0xff, sof, 0, 17, 8, ...size, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  ]);
}

function webp(kind: string, ...content: number[]): Uint8Array {
  const bytes = new Uint8Array(40);
  bytes.set([...ascii("RIFF"), 0, 0, 0, 0, ...ascii("WEBP"), ...ascii(kind), 0, 0, 0, 0, ...content]);
  return bytes;
}

function refusal(bytes: Uint8Array): string {
  try {
    readImage(bytes);
  } catch (error) {
    return (error as { code: string }).code;
  }
  return "accepted";
}

describe("readImage()", () => {
  const images: [string, Uint8Array, object][] = [
    ["a PNG", png(1200, 800), { type: "image/png", width: 1200, height: 800 }],
    ["a progressive JPEG, past other segments", jpeg(640, 480), { type: "image/jpeg", width: 640, height: 480 }],
    ["a lossy WebP", webp("VP8 ", 0, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01), {
      type: "image/webp",
      width: 640,
      height: 480,
    }],
    ["a lossless WebP", webp("VP8L", 0x2f, 0x7f, 0xc2, 0x77, 0x00), { type: "image/webp", width: 640, height: 480 }],
    ["an extended WebP", webp("VP8X", 0, 0, 0, 0, 0x7f, 0x02, 0, 0xdf, 0x01, 0), {
      type: "image/webp",
      width: 640,
      height: 480,
    }],
  ];
  for (const [what, bytes, facts] of images) it(`reads ${what}`, () => expect(readImage(bytes)).toEqual(facts));

  for (const text of ["<svg xmlns='http://www.w3.org/2000/svg'/>", "GIF89a", "<html>", "RIFFxxxxWAVE", ""]) {
    it(`refuses ${text || "nothing"}`, () => {
      expect(refusal(new Uint8Array(ascii(text)))).toBe("unsupported_media_type");
    });
  }

  const broken: [string, Uint8Array][] = [
    ["a PNG without its header", png(1, 1).slice(0, 20)],
    ["a PNG of no width", png(0, 10)],
    ["a side of more than 20,000 pixels", png(20_001, 1)],
    ["more than 100 million pixels", png(11_000, 10_000)],
    ["a JPEG that never tells its size", new Uint8Array([0xff, 0xd8, 0xff, 0xd9, 0, 2, 0, 0, 0, 0, 0, 0])],
    ["a JPEG whose segment has no length", new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
    ["a WebP of an unknown kind", webp("ABCD")],
  ];
  for (const [what, bytes] of broken) it(`refuses ${what}`, () => expect(refusal(bytes)).toBe("invalid_image"));
});

import { invalid, NanoError } from "../shared/errors.ts";

/** What an image says of itself. */
export interface ImageFacts {
  type: "image/jpeg" | "image/png" | "image/webp";
  width: number;
  height: number;
}

/** The most bytes that an image may have: 5 MiB. */
export const MAX_IMAGE = 5 * 1024 * 1024;

const MAX_SIDE = 20_000;
/** What a browser has to hold is 4 bytes a pixel, however small the file is. */
const MAX_PIXELS = 100_000_000;

/** The type that the first bytes tell, whatever the sender says. Throws `unsupported_media_type`. */
export function typeOf(bytes: Uint8Array): ImageFacts["type"] {
  if (starts(bytes, 0, [0xff, 0xd8, 0xff])) return "image/jpeg";
  if (starts(bytes, 0, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return "image/png";
  if (text(bytes, 0, 4) === "RIFF" && text(bytes, 8, 4) === "WEBP") return "image/webp";
  throw new NanoError("unsupported_type", "unsupported_media_type", "An image is a JPEG, PNG or WebP.");
}

/** Reads an image's type and size in pixels. Throws `unsupported_media_type`, `invalid_image`. */
export function readImage(bytes: Uint8Array): ImageFacts {
  const type = typeOf(bytes);
  const [width, height] = SIZES[type](bytes) ?? [0, 0];
  if (width < 1 || height < 1) throw invalid("invalid_image", "The image is damaged: it does not tell its size.");
  if (width > MAX_SIDE || height > MAX_SIDE || width * height > MAX_PIXELS) {
    throw invalid("invalid_image", "An image has at most 20,000 pixels a side and 100 million in all.");
  }
  return { type, width, height };
}

const SIZES: Record<ImageFacts["type"], (bytes: Uint8Array) => [number, number] | undefined> = {
  "image/png": (bytes) =>
    text(bytes, 12, 4) === "IHDR" && bytes.length >= 33
      ? [bigEndian(bytes, 16, 4), bigEndian(bytes, 20, 4)]
      : undefined,
  "image/jpeg": jpegSize,
  "image/webp": webpSize,
};

/** Walks the segments to the frame header (SOF), where the size is. */
function jpegSize(bytes: Uint8Array): [number, number] | undefined {
  let at = 2;
  while (at + 9 < bytes.length) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) {
      at++;
      continue;
    }
    // SOF0 to SOF15, but for DHT, JPG and DAC, which stand among them.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return [bigEndian(bytes, at + 7, 2), bigEndian(bytes, at + 5, 2)];
    }
    const alone = marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);
    const length = alone ? 0 : bigEndian(bytes, at + 2, 2);
    if (!alone && length < 2) return undefined;
    at += 2 + length;
  }
  return undefined;
}

/** The three kinds of WebP: lossy, lossless and extended. */
function webpSize(bytes: Uint8Array): [number, number] | undefined {
  if (bytes.length < 30) return undefined;
  switch (text(bytes, 12, 4)) {
    case "VP8 ":
      if (!starts(bytes, 23, [0x9d, 0x01, 0x2a])) return undefined;
      return [littleEndian(bytes, 26, 2) & 0x3fff, littleEndian(bytes, 28, 2) & 0x3fff];
    case "VP8L": {
      if (bytes[20] !== 0x2f) return undefined;
      const bits = littleEndian(bytes, 21, 4);
      return [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1];
    }
    case "VP8X":
      return [littleEndian(bytes, 24, 3) + 1, littleEndian(bytes, 27, 3) + 1];
  }
  return undefined;
}

function starts(bytes: Uint8Array, at: number, wanted: number[]): boolean {
  return wanted.every((byte, index) => bytes[at + index] === byte);
}

function text(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

function bigEndian(bytes: Uint8Array, at: number, length: number): number {
  return bytes.subarray(at, at + length).reduce((sum, byte) => sum * 256 + byte, 0);
}

function littleEndian(bytes: Uint8Array, at: number, length: number): number {
  return bytes.subarray(at, at + length).reduceRight((sum, byte) => sum * 256 + byte, 0);
}

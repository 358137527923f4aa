import { createHash } from "node:crypto";
import { invalid, NanoError } from "../shared/errors.ts";
import { orElse } from "../shared/postgres.ts";
import { MAX_IMAGE, readImage, typeOf } from "./image.ts";
import type { Media, MediaRepository } from "./media_repository.ts";

/** How many bytes a part has; the last one may have fewer. */
export const CHUNK = 256 * 1024;
const MAX_CHUNKS = MAX_IMAGE / CHUNK;

/** Keeps a part of an image. What does not begin like an image is refused at once: `unsupported_media_type`. */
export async function putChunk(
  media: MediaRepository,
  upload_id: string,
  position: number,
  data: Uint8Array,
): Promise<void> {
  if (position < 0 || position >= MAX_CHUNKS) {
    throw new NanoError("too_large", "body_too_large", "An image has at most 5 MiB.");
  }
  if (data.length < 1 || data.length > CHUNK) throw invalid("invalid_chunk", "A part has 1 byte to 256 KiB.");
  if (position === 0) typeOf(data);
  await media.putChunk(upload_id, position, data);
}

/** Ends an upload: checks that it is the image that it claims to be, and makes it public. */
export async function finishMedia(media: MediaRepository, upload_id: string, sha256: string): Promise<Media> {
  const known = await media.find(sha256);
  if (known) {
    await media.forget(upload_id);
    return known;
  }
  const chunks = await media.uploaded(upload_id);
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  if (hash.digest("hex") !== sha256) throw invalid("upload_incomplete", "Some of the image did not arrive.");
  const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const found: Media = { sha256, size, ...readImage(joined(chunks, size)) };
  const taken = Symbol();
  try {
    await orElse(media.finish(upload_id, found), { media_sha256_key: () => Object.assign(new Error(), { taken }) });
  } catch (error) {
    // Somebody else brought the same bytes meanwhile.
    if ((error as { taken?: symbol }).taken !== taken) throw error;
    await media.forget(upload_id);
  }
  return found;
}

function joined(chunks: Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

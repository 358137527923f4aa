import { createHash } from "node:crypto";
import type { FetchImageResponse } from "../../proto/gen/nano/store/v1/delivery.ts";
import { withTimeout } from "../shared/context.ts";
import { NanoError, unavailable } from "../shared/errors.ts";
import { newId } from "../shared/ids.ts";
import { emitEvent } from "../shared/jobs.ts";
import { forgetPlace } from "../shared/photo_place.ts";
import { transaction } from "../shared/postgres.ts";
import type { CopyJob } from "./copy_jobs.ts";
import { eventData } from "./create_product.ts";
import type { Deps } from "./deps.ts";
import { readImage } from "./image.ts";
import type { MediaRepository } from "./media_repository.ts";
import { CHUNK, finishMedia, putChunk } from "./upload_media.ts";

/** What follows from an answer: its bytes are kept, or it is asked for again, or the URL stays as it is, for good. */
export type Decision = { then: "keep" } | { then: "retry" | "leave"; reason: string };

/** What a fetch may take, and a little for the way. */
const FETCH_MS = 16_000;

/** Why there may be an answer another time. */
const PASSING = ["timed_out", "name_not_resolved", "connection_failed", "bad_answer"];

/** Decides what follows from an answer. */
export function decide({ status, error }: Pick<FetchImageResponse, "status" | "error">): Decision {
  if (status === undefined) {
    const reason = error ?? "no_answer";
    return { then: PASSING.includes(reason) ? "retry" : "leave", reason };
  }
  if (status === 200) return { then: "keep" };
  return { then: status >= 500 || status === 408 || status === 429 ? "retry" : "leave", reason: `status_${status}` };
}

/**
 * Copies an image from elsewhere into the media store and lets the product show the copy, if it still shows the image.
 * Killed in between it starts again: the same bytes are kept once, and a URL that was replaced is not found any more.
 */
export function copyImage({ pool, repository, neighbours: { deliver }, log }: Deps) {
  return async (payload: unknown): Promise<void> => {
    const { product_id, url } = payload as CopyJob;
    const product = await repository.getById(product_id);
    if (!product?.images.some((image) => image.url === url)) return;

    const answer = await withTimeout(FETCH_MS, () => deliver.fetchImage({ url }));
    const decision = decide(answer);
    if (decision.then === "retry") throw unavailable(`The image could not be fetched: ${decision.reason}.`);
    const kept = decision.then === "keep" ? await keep(repository.media, answer.body) : decision;
    if ("reason" in kept) {
      log.warn({ product_id, image_host: URL.parse(url)?.host, reason: kept.reason }, "an image was not copied");
      return;
    }
    await transaction(pool, async (tx) => {
      const changed = await repository.replaceImage(tx, product_id, url, `/media/${kept.sha256}`);
      if (changed) await emitEvent(tx, "product", "product.updated", changed.store_id, eventData(changed));
    });
  };
}

/** Stores bytes as an upload of them would, or tells why they are no image. */
async function keep(media: MediaRepository, bytes: Uint8Array): Promise<{ sha256: string } | { reason: string }> {
  try {
    readImage(bytes);
  } catch (error) {
    if (error instanceof NanoError) return { reason: error.code };
    throw error;
  }
  forgetPlace(bytes);
  const sha256 = hashOf(bytes);
  if (await media.find(sha256)) return { sha256 };
  const upload_id = newId();
  for (let position = 0; position * CHUNK < bytes.length; position++) {
    await putChunk(media, upload_id, position, bytes.subarray(position * CHUNK, (position + 1) * CHUNK));
  }
  await finishMedia(media, upload_id, sha256);
  return { sha256 };
}

function hashOf(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

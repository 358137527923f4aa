import { sha256 } from "../shared/ids.ts";
import { addJob } from "../shared/jobs.ts";
import type { Tx } from "../shared/postgres.ts";
import type { Image } from "./product.ts";

/** What the job copy_image is told. */
export interface CopyJob {
  product_id: string;
  url: string;
}

/** How many images are fetched at a time. A store's come one by one, so that its slow host leaves room for others. */
export const LANES = 3;

/** About four hours. */
const MAX_ATTEMPTS = 10;

/** Adds the jobs that copy a product's images from elsewhere into the media store, in the transaction of its change. */
export async function addCopyJobs(tx: Tx, product_id: string, store_id: string, images: Image[]): Promise<void> {
  const queue = `copy_image_${parseInt((await sha256(store_id)).slice(0, 8), 16) % LANES}`;
  for (const url of outerUrls(images)) {
    const payload: CopyJob = { product_id, url };
    const key = `copy_image ${product_id} ${await sha256(url)}`;
    await addJob(tx, "product", "copy_image", payload, { key, queue, max_attempts: MAX_ATTEMPTS });
  }
}

/** The URLs of images that are not the shop's own, each once. */
export function outerUrls(images: Image[]): string[] {
  return [...new Set(images.map(({ url }) => url).filter((url) => /^https?:\/\//i.test(url)))];
}

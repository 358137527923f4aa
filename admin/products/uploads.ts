import { type Api, ApiError } from "../api.ts";
import { texts } from "../texts.ts";
import type { ImageRow } from "./product_form.ts";

/** Of one file; as a form may not be much larger (bounded.ts), also of all that come at once. */
export const MAX_BYTES = 5 * 1024 * 1024;

/** What became of a form's image files: those the gateway took, and why it refused the others. */
export interface Uploads {
  images: ImageRow[];
  refusals: string[];
}

/** Uploads the files of a field, one after the other, in their order. */
export async function uploadImages(api: Api, files: readonly FormDataEntryValue[]): Promise<Uploads> {
  const uploads: Uploads = { images: [], refusals: [] };
  for (const file of files) {
    if (!(file instanceof File) || file.size === 0) continue;
    const refuse = (why: string) => uploads.refusals.push(texts.products.imageRefused(file.name, why));
    if (file.size > MAX_BYTES) {
      refuse(texts.products.imageFilesHint);
      continue;
    }
    try {
      const headers = { "Content-Type": file.type || "application/octet-stream" };
      const answer = await api.send("POST", "/media", { headers, body: await file.bytes() });
      const { url } = await answer.json() as { url: string };
      uploads.images.push({ url, alt: "", position: "", removed: false });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status >= 500 || error.status === 401) throw error;
      refuse(error.message);
    }
  }
  return uploads;
}

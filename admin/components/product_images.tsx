import { FileLimit } from "../islands/FileLimit.tsx";
import { imageSource } from "../products/image.ts";
import type { ImageRow } from "../products/product_form.ts";
import { MAX_BYTES } from "../products/uploads.ts";
import { texts } from "../texts.ts";
import { Field } from "./form.tsx";

const t = texts.products;

/** A product's images in their order, and more to be uploaded. */
export function ProductImages({ images, url, error }: { images: ImageRow[]; url: string; error?: string | undefined }) {
  return (
    <div class="form">
      {images.length > 0 && (
        <ul class="images">
          {images.map((image, index) => (
            <li key={image.url}>
              <Picture url={image.url} alt={image.alt} />
              <input type="hidden" name="image" value={image.url} />
              <label>
                <span>{t.imageAlt}</span>
                <input name="image_alt" value={image.alt} maxLength={500} />
              </label>
              <div class="image-line">
                <label>
                  <span>{t.imagePosition}</span>
                  <input
                    name="image_position"
                    value={image.position || index + 1}
                    inputMode="numeric"
                    class="quantity"
                  />
                </label>
                <label class="checkbox">
                  <input type="checkbox" name="image_remove" value={image.url} checked={image.removed} />
                  {t.remove}
                </label>
              </div>
            </li>
          ))}
        </ul>
      )}
      <div class="fields level">
        <Field
          label={t.imageFiles}
          name="image_file"
          type="file"
          multiple
          accept="image/jpeg,image/png,image/webp"
          hint={t.imageFilesHint}
          error={error}
        />
        <FileLimit max={MAX_BYTES} says={t.imageFilesTooLarge} />
        <Field label={t.imageUrl} name="image_url" type="url" value={url} maxLength={2000} />
      </div>
    </div>
  );
}

/** An image, or where it is when it is not ours to show. */
export function Picture({ url, alt }: { url: string; alt: string }) {
  const source = imageSource(url);
  if (source) return <img src={source} alt={alt} loading="lazy" />;
  return <a class="image-elsewhere" href={url} rel="noreferrer" target="_blank">{alt || url} ({t.elsewhere})</a>;
}

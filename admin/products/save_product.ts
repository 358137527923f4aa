import type { Api, ApiError } from "../api.ts";
import { faults, type FormErrors } from "../form_errors.ts";
import { attempt } from "../forms.ts";
import { texts } from "../texts.ts";
import type { Product, Store } from "../types.ts";
import { bodyOf, fieldsOf, type ProductValues, readValues } from "./product_form.ts";
import { uploadImages } from "./uploads.ts";

/** What became of a submitted form: the product, or what was typed with its faults. */
export type Saved =
  | { product: Product }
  | { values: ProductValues; errors: FormErrors; conflict: boolean };

/**
 * Creates a product as the form says, or changes the one given. Images are uploaded first, and stay with what was typed
 * when something else is refused.
 */
export async function saveProduct(api: Api, store: Store, form: FormData, product?: Product): Promise<Saved> {
  const values = readValues(form);
  const { images, refusals } = await uploadImages(api, form.getAll("image_file"));
  const linked = values.image_url ? [{ url: values.image_url, alt: "", position: "", removed: false }] : [];
  values.images = [...values.images, ...images, ...linked];
  values.image_url = "";
  const refuse = (errors: FormErrors, conflict = false): Saved => ({ values, errors, conflict });

  const made = bodyOf(values, store);
  if (refusals.length > 0) {
    const fields = "fields" in made ? made.fields : {};
    return refuse(faults(texts.products.checkFields, { ...fields, images: refusals.join(" ") }));
  }
  if (!("body" in made)) return refuse(made);
  const { body, rows } = made;
  const saving = product
    ? api.put<Product>(`/products/${product.id}`, {
      ...body,
      attributes: product.attributes,
      version: Number(values.version),
    })
    : api.post<Product>("/products", body);
  const answer = await attempt(saving);
  if ("value" in answer) return { product: answer.value };
  const { errors, refusal } = answer;
  if (refusal.code === "version_conflict") return refuse(errors, true);
  return refuse(faults(errors.summary, { ...takenField(refusal, rows), ...fieldsOf(errors.fields, rows) }));
}

/** The field that a refusal is about which names none. */
function takenField({ code, message }: ApiError, rows: readonly number[]): Record<string, string> {
  if (code === "slug_taken") return { slug: message };
  // With several variants the gateway does not say which of them.
  if (code === "sku_taken" && rows.length === 1) {
    return { [rows[0] === -1 ? "sku" : `variant_sku.${rows[0]}`]: message };
  }
  return {};
}

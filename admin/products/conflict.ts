import { texts } from "../texts.ts";
import { imagesOf, isBlank, type ProductValues } from "./product_form.ts";

/** A field that two people want different. */
export interface Difference {
  field: string;
  theirs: string;
  yours: string;
}

/** Where what was typed differs from what the product became meanwhile. */
export function differences(theirs: ProductValues, yours: ProductValues): Difference[] {
  const t = texts.products;
  const fields: [label: string, read: (values: ProductValues) => string][] = [
    [t.name, ({ name }) => name],
    [t.description, ({ description }) => description],
    [t.status, ({ status }) => status],
    [t.category, ({ category }) => category],
    [t.slug, ({ slug }) => slug],
    [t.sku, ({ sku }) => sku],
    [t.price, ({ price }) => price],
    [t.variants, variantsText],
    [t.images, ({ images }) => imagesOf(images).map(({ url, alt }) => `${url} ${alt}`).join("\n")],
  ];
  return fields.map(([field, read]) => ({ field, theirs: read(theirs), yours: read(yours) }))
    .filter((difference) => difference.theirs.trim() !== difference.yours.trim());
}

function variantsText({ option_names, variants }: ProductValues): string {
  return variants.filter((row) => !row.removed && !isBlank(row)).map(({ sku, name, price, options }) => {
    const chosen = options.map((value, index) => value && `${option_names[index]}: ${value}`);
    return [sku, name, price, ...chosen].filter(Boolean).join(", ");
  }).join("\n");
}

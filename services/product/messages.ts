import type {
  Category as CategoryMessage,
  Offer as OfferMessage,
  Product as ProductMessage,
  ProductInput as ProductInputMessage,
  Stock as StockMessage,
} from "../../proto/gen/nano/product/v1/product.ts";
import { invalid } from "../shared/errors.ts";
import { money } from "../shared/money.ts";
import type { Category } from "./category_repository.ts";
import type { Product, ProductInput } from "./product.ts";
import type { Offer, Stock } from "./stock_repository.ts";

/** A product as a message. */
export function toMessage(product: Product): ProductMessage {
  const { id, store_id, slug, name, description, status, attributes, images, currency } = product;
  const { category_id, category_slug, category_name, create_time, update_time, version } = product;
  return {
    id,
    store_id,
    slug,
    name,
    description,
    status,
    ...(category_id ? { category: { id: category_id, slug: category_slug ?? "", name: category_name ?? "" } } : {}),
    attributes,
    images,
    price: money(product.price, currency),
    variants: product.variants.map((variant) => ({ ...variant, price: money(variant.price, currency) })),
    create_time,
    update_time,
    version,
  };
}

/** What a message says that a product shall be; what it does not say is undefined. */
export function fromMessage(input: ProductInputMessage | undefined): ProductInput {
  if (!input) throw invalid("required", "A product is required.");
  return {
    ...input,
    images: input.has_images ? input.images : undefined,
    variants: input.has_variants
      ? input.variants.map(({ has_options, options, ...variant }) => ({
        ...variant,
        options: has_options ? options : undefined,
      }))
      : undefined,
  };
}

/** A category as a message. */
export function toCategoryMessage({ parent_id, ...category }: Category): CategoryMessage {
  return { ...category, ...(parent_id ? { parent_id } : {}) };
}

/** An offer as a message. */
export function toOfferMessage({ image, price, currency, ...offer }: Offer): OfferMessage {
  return { ...offer, ...(image ? { image } : {}), price: money(price, currency) };
}

/** A variant's stock as a message. */
export function toStockMessage({ variant_id, on_hand, reserved, available }: Stock): StockMessage {
  return { variant_id, on_hand, reserved, available };
}

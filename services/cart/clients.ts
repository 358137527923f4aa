import {
  type Offer as OfferMessage,
  type ProductServiceServer,
  ProductServiceService,
} from "../../proto/gen/nano/product/v1/product.ts";
import { type StoreServiceServer, StoreServiceService } from "../../proto/gen/nano/store/v1/store.ts";
import { withTimeout } from "../shared/context.ts";
import { invalid, NanoError } from "../shared/errors.ts";
import { connect } from "../shared/grpc.ts";
import { remember } from "../shared/remember.ts";
import type { Tax } from "../shared/totals.ts";
import type { Offer, Offers } from "./cart.ts";

/** What a cart needs to know of its store. */
export interface CartStore {
  id: string;
  currency: string;
  tax: Tax;
}

/** All that the cart service asks of its neighbours. */
export interface Neighbours {
  /** A store, at most 1 s old: its order decides on the truth. Throws `store_not_found`. */
  store(id: string): Promise<CartStore>;
  /** What is offered now of these variants; one that is unknown or not for sale has no entry. */
  offers(store_id: string, variant_ids: string[]): Promise<Offers>;
  /** The same, but nothing where the catalogue does not answer within a second. */
  offersIfThere(store_id: string, variant_ids: string[]): Promise<Offers | undefined>;
  /** The offer of a simple product, if there is one. Throws `variant_required` for a product with a choice of variants. */
  offerOfProduct(store_id: string, product_id: string): Promise<Offer | undefined>;
}

const FRESH_MS = 1_000;
const MAX_STORES = 1_000;

/** The neighbours over gRPC. */
export function createClients(
  config: { PRODUCT_SERVICE_URL: string; STORE_SERVICE_URL: string },
): { neighbours: Neighbours; close(): void } {
  const product = connect<ProductServiceServer>(ProductServiceService, config.PRODUCT_SERVICE_URL);
  const store = connect<StoreServiceServer>(StoreServiceService, config.STORE_SERVICE_URL);
  const known = remember<CartStore>(FRESH_MS, MAX_STORES);

  async function offers(store_id: string, variant_ids: string[]): Promise<Offers> {
    if (!variant_ids.length) return new Map();
    const { data } = await product.getOffers({ store_id, variant_ids, product_ids: [] });
    return new Map(data.map((offer) => [offer.variant_id, toOffer(offer)]));
  }

  const neighbours: Neighbours = {
    offers,

    async store(id) {
      const found = known.get(id);
      if (found) return found;
      const { currency, tax } = await store.getStore({ id_or_slug: id });
      const fresh = { id, currency, tax: tax ?? { rate_bp: 0, included: false } };
      known.set(id, fresh);
      return fresh;
    },

    async offersIfThere(store_id, variant_ids) {
      try {
        return await withTimeout(1_000, () => offers(store_id, variant_ids));
      } catch (error) {
        if (error instanceof NanoError && (error.kind === "unavailable" || error.kind === "timeout")) return undefined;
        throw error;
      }
    },

    async offerOfProduct(store_id, product_id) {
      const { data: [offer] } = await product.getOffers({ store_id, variant_ids: [], product_ids: [product_id] });
      if (offer) return toOffer(offer);
      const { variants } = await product.getProduct({ store_id, id_or_slug: product_id });
      if (variants.length > 1) {
        throw invalid("variant_required", "This product has several variants: name one by variant_id.", "/variant_id");
      }
      return undefined;
    },
  };
  return { neighbours, close: () => [product, store].forEach((client) => client.close()) };
}

function toOffer({ price, ...offer }: OfferMessage): Offer {
  if (!price) throw new Error(`Cannot price variant ${offer.variant_id} as its offer must have a price.`);
  return { ...offer, unit_price: price.amount };
}

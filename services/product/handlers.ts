import type { ProductServiceServer } from "../../proto/gen/nano/product/v1/product.ts";
import {
  type Actor,
  currentActor,
  isStaffOrKey,
  may,
  require,
  requireIdentity,
  requireService,
} from "../shared/auth.ts";
import { forbidden, invalid, notFound } from "../shared/errors.ts";
import { failpoint } from "../shared/failpoints.ts";
import type { Rpcs } from "../shared/grpc.ts";
import { isId, newId } from "../shared/ids.ts";
import { pageLimit } from "../shared/pagination.ts";
import type { Permission } from "../shared/permissions.ts";
import { type Sql, transaction } from "../shared/postgres.ts";
import { adjustStock } from "./adjust_stock.ts";
import type { Category } from "./category_repository.ts";
import { createConsoleHandlers } from "./console_handlers.ts";
import { createProduct, givingWay } from "./create_product.ts";
import { deleteProduct } from "./delete_product.ts";
import type { Deps } from "./deps.ts";
import { listProducts } from "./list_products.ts";
import { cursorAfter, readCursor, readSort } from "./listing.ts";
import { fromMessage, toCategoryMessage, toMessage, toOfferMessage, toStockMessage } from "./messages.ts";
import { checkName, checkSlug, isSlug, slugOf, type Status, STATUSES } from "./product.ts";
import { reserveStock } from "./reserve_stock.ts";
import { commitStock, releaseStock, returnStock } from "./settle_stock.ts";
import type { Stock } from "./stock_repository.ts";
import { updateProduct } from "./update_product.ts";

const MAX_DELTA = 1_000_000_000;

/** The product service's RPCs. */
export function createHandlers(deps: Pick<Deps, "pool" | "repository">): Rpcs<ProductServiceServer> {
  const { pool, repository } = deps;

  /** Where the catalogue is read: staff and services see what they have just written, shoppers perhaps a moment later. */
  function catalogue(): Sql | undefined {
    const actor = currentActor();
    const shopper = actor.kind !== "service" && !isStaffOrKey(actor);
    return shopper ? repository.replica : undefined;
  }

  /** Refuses whoever may not write to the product, as if it were not there where its store is another's. */
  async function mayWrite(id: string): Promise<void> {
    const store_id = isId(id) ? await repository.storeOf(id) : undefined;
    if (!store_id) throw notFound("product");
    require(currentActor(), "product:write", store_id, "product");
  }

  async function stockFor(permission: Permission, variant_id: string): Promise<Stock & { store_id: string }> {
    const stock = isId(variant_id) ? await repository.stock.stockOf(variant_id) : undefined;
    if (!stock) throw notFound("variant");
    require(currentActor(), permission, stock.store_id, "variant");
    return stock;
  }

  async function categoryById(id: string): Promise<Category> {
    const category = isId(id) ? await repository.categories.get(id) : undefined;
    if (!category) throw notFound("category");
    return category;
  }

  async function writableCategory(id: string): Promise<Category> {
    const category = await categoryById(id);
    require(currentActor(), "category:write", category.store_id, "category");
    return category;
  }

  return {
    ...createConsoleHandlers(deps),

    async listProducts({ store_id, limit, cursor, count, ...given }) {
      const q = given.q?.trim() || undefined;
      const sort = readSort(given.sort, q);
      const query = {
        ...given,
        store_id: idOrNotFound(store_id, "store"),
        q,
        category: given.category || undefined,
        statuses: seenBy(currentActor(), store_id, given.status),
        sort,
        limit: pageLimit(limit),
        ...(cursor === undefined ? {} : readCursor(cursor, sort)),
      };
      const { products, more, forgiving, total } = await listProducts(repository, query, catalogue(), count);
      const last = products.at(-1);
      const next_cursor = more && last ? cursorAfter(last, sort, forgiving) : undefined;
      return { data: products.map(toMessage), next_cursor, total };
    },

    async getProduct({ store_id, id_or_slug }) {
      const product = isId(id_or_slug)
        ? await repository.getById(id_or_slug, catalogue())
        : isId(store_id) && isSlug(id_or_slug)
        ? await repository.getBySlug(store_id, id_or_slug, catalogue())
        : undefined;
      if (!product) throw notFound("product");
      if (product.status !== "active" && !may(currentActor(), "product:read", product.store_id)) {
        throw notFound("product");
      }
      return toMessage(product);
    },

    async createProduct({ store_id, product }) {
      require(currentActor(), "product:write", store_id, "store");
      return toMessage(await createProduct(deps, idOrNotFound(store_id, "store"), fromMessage(product)));
    },

    async updateProduct({ id, product, version, replace }) {
      await mayWrite(id);
      return toMessage(await updateProduct(deps, { id, input: fromMessage(product), version, replace }));
    },

    async deleteProduct({ id }) {
      await mayWrite(id);
      await deleteProduct(deps, id);
      return {};
    },

    async getStock({ variant_id }) {
      return toStockMessage(await stockFor("product:read", variant_id));
    },

    async adjustStock({ variant_id, delta, reason }) {
      const { store_id } = await stockFor("stock:write", variant_id);
      if (delta === 0 || Math.abs(delta) > MAX_DELTA) {
        throw invalid("invalid_delta", "A movement is not 0 and at most 1,000,000,000.", "/delta");
      }
      return toStockMessage(await adjustStock(deps, { variant_id, store_id, delta, reason }));
    },

    async listCategories({ store_id }) {
      const categories = await repository.categories.list(idOrNotFound(store_id, "store"), catalogue());
      return { data: categories.map(toCategoryMessage) };
    },

    async getCategory({ id }) {
      return toCategoryMessage(await categoryById(id));
    },

    async createCategory({ store_id, name, slug, parent_id }) {
      require(currentActor(), "category:write", store_id, "store");
      const category = {
        id: newId(),
        store_id: idOrNotFound(store_id, "store"),
        slug: slug ?? slugOf(name, "category"),
        name,
        parent_id: parentOf(parent_id),
      };
      checkName(name);
      checkSlug(category.slug);
      return toCategoryMessage(
        await givingWay(
          slug,
          () => transaction(pool, (tx) => repository.categories.insert(tx, category, slug !== undefined)),
        ),
      );
    },

    async updateCategory({ id, name, slug, parent_id }) {
      const current = await writableCategory(id);
      const category = { id, name, slug: slug ?? current.slug, parent_id: parentOf(parent_id) };
      checkName(name);
      checkSlug(category.slug);
      const updated = await transaction(pool, (tx) => repository.categories.update(tx, category));
      if (!updated) throw notFound("category");
      return toCategoryMessage(updated);
    },

    async deleteCategory({ id }) {
      await writableCategory(id);
      await transaction(pool, (tx) => repository.categories.delete(tx, id));
      return {};
    },

    async getOffers({ store_id, variant_ids, product_ids }) {
      await failpoint("product.get_offers");
      if (!isId(store_id)) return { data: [] };
      const offers = await repository.stock.offers(store_id, variant_ids.filter(isId), product_ids.filter(isId));
      return { data: offers.map(toOfferMessage) };
    },

    async reserveStock({ order_id, store_id, lines, expire_time }) {
      requireService(currentActor());
      if (!expire_time) throw invalid("required", "An expire_time is required.", "/expire_time");
      await reserveStock(deps, { order_id: idOrNotFound(order_id, "order"), store_id, lines, expire_time });
      return {};
    },

    async commitStock({ order_id }) {
      requireService(currentActor());
      await commitStock(deps, idOrNotFound(order_id, "order"));
      return {};
    },

    async releaseStock({ order_id }) {
      requireService(currentActor());
      await releaseStock(deps, idOrNotFound(order_id, "order"));
      return {};
    },

    async returnStock({ order_id, lines, key, reason }) {
      requireService(currentActor());
      await returnStock(deps, { order_id: idOrNotFound(order_id, "order"), lines, key, reason });
      return {};
    },
  };
}

/** The statuses that an actor sees of those asked for. Only staff of the store may ask for others than active ones. */
function seenBy(actor: Actor, store_id: string, asked: string | undefined): readonly Status[] {
  const staff = may(actor, "product:read", store_id);
  if (asked === undefined) return staff ? STATUSES : ["active"];
  const status = STATUSES.find((known) => known === asked);
  if (!status) throw invalid("invalid_status", `A status is one of ${STATUSES.join(", ")}.`, "/status");
  if (!staff && status !== "active") {
    requireIdentity(actor);
    throw forbidden();
  }
  return [status];
}

function idOrNotFound(id: string, what: string): string {
  if (!isId(id)) throw notFound(what);
  return id;
}

function parentOf(parent_id: string | undefined): string | null {
  if (!parent_id) return null;
  if (!isId(parent_id)) throw invalid("category_not_found", "The store has no such category.", "/parent_id");
  return parent_id;
}

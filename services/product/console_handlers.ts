import type { ImportResult, ProductServiceServer } from "../../proto/gen/nano/product/v1/product.ts";
import { currentActor, require } from "../shared/auth.ts";
import { invalid, notFound } from "../shared/errors.ts";
import type { Rpcs } from "../shared/grpc.ts";
import { isId } from "../shared/ids.ts";
import { decodeCursor, pageLimit, toPage } from "../shared/pagination.ts";
import type { Permission } from "../shared/permissions.ts";
import type { Deps } from "./deps.ts";
import { importProducts } from "./import_products.ts";
import { MAX_THRESHOLD } from "./stock_lists.ts";
import { finishMedia, putChunk } from "./upload_media.ts";

type ConsoleRpcs = Pick<
  Rpcs<ProductServiceServer>,
  | "listStock"
  | "listMovements"
  | "listLowStock"
  | "listOptionNames"
  | "importProducts"
  | "putMediaChunk"
  | "finishMedia"
  | "getMedia"
  | "getMediaChunk"
  | "listAudit"
>;

const MAX_VARIANTS = 10_000;
/** How many products one transaction imports: until it ends, sales of them wait. */
const TOGETHER = 50;
const SHA256 = /^[0-9a-f]{64}$/;

/** The RPCs for those who run a store: lists of stock, imports, images, the audit log. */
export function createConsoleHandlers(deps: Pick<Deps, "pool" | "repository">): ConsoleRpcs {
  const { repository } = deps;
  const { stock, stock_lists, media } = repository;

  return {
    async listStock({ store_id, variant_ids }) {
      forStaff("product:read", store_id);
      if (variant_ids.length > MAX_VARIANTS) throw invalid("too_many", "At most 10,000 variants.", "/variant_ids");
      return { data: await stock_lists.of(store_id, variant_ids.filter(isId)) };
    },

    async listMovements({ variant_id, limit, cursor, count }) {
      const found = isId(variant_id) ? await stock.stockOf(variant_id) : undefined;
      require(currentActor(), "product:read", found?.store_id ?? "", "variant");
      if (!found) throw notFound("variant");
      const size = pageLimit(limit);
      const before = cursor === undefined ? undefined : numberOf(cursor);
      const [rows, total] = await Promise.all([
        stock_lists.movements(variant_id, before, size + 1),
        count ? stock_lists.countMovements(variant_id) : undefined,
      ]);
      const { data, next_cursor } = toPage(rows, size, (row) => [row.id]);
      return {
        data: data.map(({ order_id, ...row }) => ({ ...row, ...(order_id ? { order_id } : {}) })),
        next_cursor,
        total,
      };
    },

    async listLowStock({ store_id, threshold, limit, cursor, count }) {
      forStaff("product:read", store_id);
      if (!Number.isInteger(threshold) || threshold < 0 || threshold > MAX_THRESHOLD) {
        throw invalid("invalid_threshold", `A threshold is from 0 to ${MAX_THRESHOLD}.`, "/threshold");
      }
      const size = pageLimit(limit);
      const after = cursor === undefined ? undefined : placeOf(cursor);
      const [rows, total] = await Promise.all([
        stock_lists.low({ store_id, threshold, limit: size + 1, after }),
        count ? stock_lists.countLow(store_id, threshold) : undefined,
      ]);
      return { ...toPage(rows, size, (row) => [row.available, row.variant_id]), total };
    },

    async listOptionNames({ store_id }) {
      forStaff("product:read", store_id);
      return { data: await stock_lists.optionNames(store_id) };
    },

    async importProducts({ store_id, products, dry_run }) {
      forStaff("product:write", store_id);
      const data: ImportResult[] = [];
      for (let at = 0; at < products.length; at += TOGETHER) {
        data.push(...await importProducts(deps, store_id, products.slice(at, at + TOGETHER), dry_run));
      }
      return { data };
    },

    async putMediaChunk({ store_id, upload_id, position, data }) {
      forStaff("product:write", store_id);
      if (!isId(upload_id)) throw invalid("invalid_field", "An upload's id is a UUID.", "/upload_id");
      await putChunk(media, upload_id, position, data);
      return {};
    },

    async finishMedia({ store_id, upload_id, sha256 }) {
      forStaff("product:write", store_id);
      if (!isId(upload_id) || !SHA256.test(sha256)) throw invalid("invalid_field", "These name no upload.");
      return await finishMedia(media, upload_id, sha256);
    },

    async getMedia({ sha256 }) {
      const found = SHA256.test(sha256) ? await media.find(sha256) : undefined;
      if (!found) throw notFound("media");
      return found;
    },

    async getMediaChunk({ sha256, position }) {
      const data = SHA256.test(sha256) ? await media.chunk(sha256, position) : undefined;
      if (!data) throw notFound("media");
      return { data: data as Uint8Array<ArrayBuffer> };
    },

    listAudit: (request) => repository.listAudit(request),
  };
}

/** Refuses all but those who may do it in the store. */
function forStaff(permission: Permission, store_id: string): void {
  require(currentActor(), permission, store_id, "store");
  if (!isId(store_id)) throw notFound("store");
}

function numberOf(cursor: string): number {
  const [id] = decodeCursor(cursor, 1);
  if (Number.isSafeInteger(id)) return id as number;
  throw invalid("invalid_cursor", "The cursor is not one that this list gave.", "/cursor");
}

function placeOf(cursor: string): { available: number; id: string } {
  const [available, id] = decodeCursor(cursor, 2);
  if (
    Number.isSafeInteger(available) && Math.abs(available as number) < 2 ** 31 && typeof id === "string" && isId(id)
  ) {
    return { available: available as number, id };
  }
  throw invalid("invalid_cursor", "The cursor is not one that this list gave.", "/cursor");
}

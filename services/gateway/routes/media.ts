import { createHash } from "node:crypto";
import { createMiddleware } from "@hono/hono/factory";
import { createRoute, z } from "@hono/zod-openapi";
import { currentContext, withContext } from "../../shared/context.ts";
import { invalid, NanoError, unavailable } from "../../shared/errors.ts";
import { newId } from "../../shared/ids.ts";
import { forgetPlace } from "../../shared/photo_place.ts";
import { watched } from "../../shared/streams.ts";
import type { Deps } from "../app.ts";
import { inTime } from "../bounds.ts";
import { patiently } from "../bulk.ts";
import type { Env, RequestContext } from "../env.ts";
import { checkForm } from "../form.ts";
import { answers, createRoutes } from "../openapi.ts";
import { inOwnStore } from "./own_store.ts";

/** The largest image. */
export const MAX_MEDIA = 5 * 1024 * 1024;

/** What is sent to the product service at a time, and read from it. */
const CHUNK = 256 * 1024;
const UPLOAD_MS = 10_000;
const CHUNK_MS = 5_000;
/** What the way of 5 MiB to here may take. */
const MAX_UPLOAD_MS = 30_000;
/** Each holds up to 5 MiB meanwhile. */
const MAX_UPLOADS = 8;
let uploads = 0;

const Uploaded = z.object({
  id: z.string().openapi({
    description: "The SHA-256 of the bytes, as they are kept.",
    example: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  }),
  url: z.string().openapi({ example: "/media/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }),
}).openapi("Media");

const params = z.object({ sha256: z.string().openapi({ description: "The image's id.", example: "9f86d081884c…" }) });
const binary = { type: "string", format: "binary" } as const;

/** /media: images, named by the hash of their bytes, so that they never change. */
export function media({ clients: { product }, stores }: Deps) {
  const app = createRoutes();

  app.openapi(
    createRoute({
      method: "post",
      path: "/",
      tags: ["Media"],
      summary: "Upload an image",
      description:
        "A JPEG, PNG or WebP of at most 5 MiB and 20,000 pixels a side, as the body itself or as `file` of a " +
        "form. For managers of the request's store and admins. The same bytes again are the same image. Where a photo " +
        "says where it was taken, that is blanked first.",
      middleware: [inOwnStore(stores, "product:write"), fewAtATime()] as const,
      request: {
        body: {
          content: {
            "image/jpeg": { schema: binary },
            "image/png": { schema: binary },
            "image/webp": { schema: binary },
            "multipart/form-data": { schema: { type: "object", properties: { file: binary }, required: ["file"] } },
          },
        },
      },
      responses: answers(201, "The image's id and address.", Uploaded, 401, 403, 404, 413, 415),
    }),
    async (c) => {
      const bytes = await bytesOf(c);
      forgetPlace(bytes);
      const store_id = (await stores.of(c)).id;
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      await patiently(UPLOAD_MS, () => upload(store_id, sha256, bytes));
      const url = `/media/${sha256}`;
      c.header("Location", url);
      return c.json({ id: sha256, url }, 201);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/{sha256}",
      tags: ["Media"],
      summary: "Get an image",
      description: "It never changes, so it may be cached for good.",
      request: { params },
      responses: {
        ...answers(200, "The image.", undefined, 404),
        200: {
          description: "The image.",
          content: {
            "image/jpeg": { schema: binary },
            "image/png": { schema: binary },
            "image/webp": { schema: binary },
          },
        },
      },
    }),
    async (c) => {
      const { sha256, type, size } = await product.getMedia(c.req.valid("param"));
      const etag = `"${sha256}"`;
      c.header("ETag", etag);
      c.header("Cache-Control", "public, max-age=31536000, immutable");
      const wanted = c.req.header("If-None-Match");
      if (wanted?.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag || tag.trim() === "*")) {
        return c.body(null, 304);
      }
      const headers = { "Content-Type": type, "Content-Length": String(size) };
      return c.req.method === "HEAD"
        ? c.body(null, 200, headers)
        : c.body(watched(download(sha256, size), c.env), 200, headers);
    },
  );

  /** Sends an image to the product service, unless it is there. */
  async function upload(store_id: string, sha256: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const upload_id = newId();
    if (await product.getMedia({ sha256 }).then(() => true, () => false)) return;
    for (let position = 0; position * CHUNK < bytes.length; position++) {
      const data = bytes.subarray(position * CHUNK, (position + 1) * CHUNK);
      await product.putMediaChunk({ store_id, upload_id, position, data });
    }
    await product.finishMedia({ store_id, upload_id, sha256 });
  }

  /** The bytes, read as fast as the client takes them. */
  function download(sha256: string, size: number): ReadableStream<Uint8Array> {
    const context = currentContext();
    let position = 0;
    return new ReadableStream<Uint8Array>({
      async pull(controller) {
        const read = () => product.getMediaChunk({ sha256, position });
        const deadline = Date.now() + CHUNK_MS;
        const { data } = await (context ? withContext({ ...context, deadline }, read) : read());
        controller.enqueue(data);
        position++;
        if (position * CHUNK >= size) controller.close();
      },
    }, { highWaterMark: 1 });
  }

  return app;
}

/** The image: the body itself, or the form's field `file`. */
async function bytesOf(c: RequestContext): Promise<Uint8Array<ArrayBuffer>> {
  const form = /^multipart\/form-data/i.test(c.req.header("Content-Type") ?? "");
  const bytes = new Uint8Array(await inTime(form ? fileOf(c) : c.req.arrayBuffer(), MAX_UPLOAD_MS));
  if (bytes.length > MAX_MEDIA) throw mediaTooLarge();
  if (bytes.length === 0) throw invalid("required", "There is no image.", "/file");
  return bytes;
}

async function fileOf(c: RequestContext): Promise<ArrayBuffer> {
  checkForm(new Uint8Array(await c.req.arrayBuffer()), c.req.header("Content-Type") ?? "");
  const form = await c.req.formData().catch((error) => {
    if (error instanceof NanoError) throw error;
    throw invalid("invalid_request", "The form can't be read.");
  });
  const file = form.get("file");
  if (!(file instanceof File)) throw invalid("required", "The form has no file.", "/file");
  return await file.arrayBuffer();
}

/** The refusal of an image over 5 MiB. */
export function mediaTooLarge(): NanoError {
  return new NanoError("too_large", "body_too_large", "An image has at most 5 MiB.");
}

/** Admits 8 uploads at a time; beyond that a fast 503. */
function fewAtATime() {
  return createMiddleware<Env>(async (_c, next) => {
    if (uploads >= MAX_UPLOADS) throw unavailable();
    uploads++;
    try {
      await next();
    } finally {
      uploads--;
    }
  });
}

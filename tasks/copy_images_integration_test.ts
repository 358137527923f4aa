/** Images on their way from a merchant's server through the one process with a way out into the product service. */
import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { createClients } from "../services/product/clients.ts";
import { createJobs } from "../services/product/jobs.ts";
import { createRepository } from "../services/product/repository.ts";
import { admin, as, product, startProductService, system, variant } from "../services/product/testing.ts";
import { newId } from "../services/shared/ids.ts";
import { createLog } from "../services/shared/log.ts";
import { startDeliver, startReceiver } from "../services/store/testing.ts";

/** The header of a PNG of 9 × 7 pixels, then so many bytes that none but its hash cares for. */
function png(size: number): Uint8Array<ArrayBuffer> {
  const bytes = crypto.getRandomValues(new Uint8Array(65_536));
  const image = new Uint8Array(size);
  image.set(bytes.subarray(0, Math.min(size, bytes.length)));
  image.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]);
  image.set([0, 0, 0, 9, 0, 0, 0, 7, 8, 2, 0, 0, 0, 0, 0, 0, 0], 16);
  return image;
}

async function hashOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

describe("images given by URL", () => {
  const image = png(600_000);
  const answers: Record<string, () => Response> = {
    "/image.png": () => new Response(image),
    "/page.png": () => new Response("<html>", { headers: { "content-type": "image/png" } }),
    "/moved.png": () => new Response(null, { status: 302, headers: { location: "/image.png" } }),
    "/large.png": () => new Response(png(5 * 1024 * 1024 + 1)),
    "/missing.png": () => new Response(null, { status: 404 }),
    "/busy.png": () => new Response(null, { status: 503 }),
  };
  const receiver = startReceiver(({ path }) => answers[path]?.() ?? new Response(null, { status: 404 }));
  const at = (path: string) => `http://127.0.0.1:${receiver.port}${path}`;
  const log = createLog("product", { LOG_LEVEL: "ERROR" });
  const ends: (() => unknown)[] = [];
  let service: Awaited<ReturnType<typeof startProductService>>;
  let jobs: ReturnType<typeof createJobs>;
  let strict: ReturnType<typeof createJobs>;

  before(async () => {
    service = await startProductService();
    const repository = createRepository(service.pool);
    const jobsWith = async (allowPrivate: boolean) => {
      const deliver = await startDeliver({ allowPrivate });
      const { neighbours, close } = createClients({
        STORE_SERVICE_URL: "127.0.0.1:1",
        ORDER_SERVICE_URL: "127.0.0.1:1",
        DELIVER_SERVICE_URL: deliver.address,
      });
      ends.push(close, deliver.stop);
      return createJobs({ neighbours, pool: service.pool, repository, log });
    };
    jobs = await jobsWith(true);
    strict = await jobsWith(false);
  });

  after(async () => {
    for (const end of ends) await end();
    await receiver.stop();
    await service.stop();
  });

  const create = (...urls: string[]) =>
    as(admin, () =>
      service.rpc.createProduct({
        store_id: newId(),
        product: product("Picture", [variant(crypto.randomUUID().slice(0, 8), 100, 1)], {
          images: urls.map((url, place) => ({ url, alt: `image ${place}` })),
          has_images: true,
        }),
      }));
  const read = ({ id, store_id }: { id: string; store_id: string }) =>
    as(admin, () => service.rpc.getProduct({ store_id, id_or_slug: id }));
  const waiting = async (id: string) =>
    (await service.owner.query<{ payload: { product_id: string; url: string } }>(
      `select payload::jsonb - '_origin' as payload from product_jobs._private_jobs
       where payload ->> 'product_id' = $1 order by payload ->> 'url'`,
      [id],
    )).rows.map(({ payload }) => payload);
  const events = async (id: string) =>
    (await service.owner.query<{ version: number }>(
      `select ((payload ->> 'data_json')::jsonb -> 'version')::int as version from product_jobs._private_jobs
       where payload ->> 'type' = 'product.updated' and (payload ->> 'data_json')::jsonb ->> 'id' = $1`,
      [id],
    )).rows.map(({ version }) => version);
  const run = (payload: unknown, by = jobs) =>
    as(system, () => by["copy_image"]?.(payload) ?? Promise.reject(new Error("there is no such job")));

  it("are copied, and the product shows the copy wherever it showed the image", async () => {
    const url = at("/image.png");
    const made = await create(url, "/media/kept", url);
    const [job, ...others] = await waiting(made.id);
    expect([job, others]).toEqual([{ product_id: made.id, url }, []]);
    await run(job);
    const sha256 = await hashOf(image);
    const { images, version } = await read(made);
    expect(images).toEqual([
      { url: `/media/${sha256}`, alt: "image 0" },
      { url: "/media/kept", alt: "image 1" },
      { url: `/media/${sha256}`, alt: "image 2" },
    ]);
    expect(version).toBe(2);
    expect(await as(admin, () => service.rpc.getMedia({ sha256 }))).toMatchObject({ type: "image/png", size: 600_000 });
    expect(await events(made.id)).toEqual([2]);
  });

  it("are copied once, though the job runs again", async () => {
    const made = await create(at("/image.png"));
    const [job] = await waiting(made.id);
    await run(job);
    const asked = receiver.received.length;
    await run(job);
    expect([(await read(made)).version, receiver.received.length, await events(made.id)]).toEqual([2, asked, [2]]);
  });

  it("change nothing that was changed meanwhile", async () => {
    const made = await create(at("/image.png"));
    const [job] = await waiting(made.id);
    let release = () => {};
    const asked = new Promise<void>((told) => {
      answers["/slow.png"] = () => {
        const body = new ReadableStream<Uint8Array>({
          start: (controller) => {
            release = () => {
              controller.enqueue(image);
              controller.close();
            };
          },
        });
        told();
        return new Response(body);
      };
    });
    const input = (url: string) => product(undefined, [], { images: [{ url, alt: "" }], has_images: true });
    const update = (version: number, url: string) =>
      as(admin, () => service.rpc.updateProduct({ id: made.id, version, replace: false, product: input(url) }));
    await update(1, at("/slow.png"));
    const running = run({ ...job, url: at("/slow.png") });
    await asked;
    await update(2, "/media/other");
    release();
    await running;
    expect(await read(made)).toMatchObject({ images: [{ url: "/media/other" }], version: 3 });
  });

  it("are asked for by a change that brings them, and not by one that does not", async () => {
    const made = await create("/media/kept");
    const change = (version: number, more: Parameters<typeof product>[2]) =>
      as(
        admin,
        () => service.rpc.updateProduct({ id: made.id, version, replace: false, product: product("New", [], more) }),
      );
    await change(1, {});
    expect(await waiting(made.id)).toEqual([]);
    await change(2, { images: [{ url: at("/image.png"), alt: "" }], has_images: true });
    await change(3, { images: [{ url: at("/image.png"), alt: "again" }], has_images: true });
    expect(await waiting(made.id)).toEqual([{ product_id: made.id, url: at("/image.png") }]);
  });

  for (const path of ["/page.png", "/moved.png", "/large.png", "/missing.png"]) {
    it(`stay where they are if there is no image to be had: ${path}`, async () => {
      const made = await create(at(path));
      await run((await waiting(made.id))[0]);
      expect(await read(made)).toMatchObject({ images: [{ url: at(path) }], version: 1 });
      expect(receiver.received.at(-1)?.path).toBe(path);
    });
  }

  it("stay where they are if that is inside a network", async () => {
    const made = await create(at("/image.png"));
    const asked = receiver.received.length;
    await run((await waiting(made.id))[0], strict);
    expect([(await read(made)).version, receiver.received.length]).toEqual([1, asked]);
  });

  it("are asked for again if their server is busy", async () => {
    const made = await create(at("/busy.png"));
    const error = await run((await waiting(made.id))[0]).then(() => undefined, (error) => error);
    expect(error?.message).toContain("status_503");
    expect((await read(made)).version).toBe(1);
  });
});

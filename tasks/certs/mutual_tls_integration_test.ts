import { credentials, type ServiceError } from "@grpc/grpc-js";
import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import {
  type GetStoreRequest,
  Store,
  StoreServiceClient,
  type StoreServiceServer,
  StoreServiceService,
} from "../../proto/gen/nano/store/v1/store.ts";
import { type Certificates, watchCertificates } from "../../services/shared/certificates.ts";
import { currentContext, withContext } from "../../services/shared/context.ts";
import { NanoError } from "../../services/shared/errors.ts";
import { connect, createServer, listen, type Rpcs, stopServer } from "../../services/shared/grpc.ts";
import { createLog } from "../../services/shared/log.ts";
import { type Authority, createAuthority, type Credentials, writeCredentials } from "./authority.ts";

type Served = Pick<StoreServiceServer, "getStore" | "publishEvent">;
const { getStore, publishEvent } = StoreServiceService;
const definition = { getStore, publishEvent };
const log = createLog("test", { LOG_LEVEL: "ERROR" });
const EMPTY = Store.decode(new Uint8Array());
const handlers = {
  getStore: (request: GetStoreRequest) =>
    Promise.resolve({ ...EMPTY, id: request.id_or_slug, name: currentContext()?.actor.user_id ?? "" }),
  publishEvent: () => Promise.resolve({}),
};

const folder = Deno.makeTempDirSync({ prefix: "nano-tls-" });
const open: { close(): void }[] = [];
let authority: Authority;
let server: ReturnType<typeof createServer<Served>>;
let serving: Certificates;
let address = "";

/** The certificates of a process, as it reads them. */
async function certificatesOf(name: string, own?: Credentials, by: Authority = authority): Promise<Certificates> {
  const place = join(folder, crypto.randomUUID());
  await writeCredentials(place, by, own ?? await by.issue(name));
  const certificates = await watchCertificates(place, log);
  open.push(certificates);
  return certificates;
}

/** A client that says that it is `name`. */
async function client(name: string, certificates?: Certificates, at = address) {
  const made = connect<Served>(definition, at, [], { name, certificates: certificates ?? await certificatesOf(name) });
  open.push(made);
  return made;
}

function asking<T>(work: () => Promise<T>): Promise<T> {
  const actor = { kind: "user", user_id: "u1", store_roles: [] };
  return withContext({ request_id: "r1", actor, deadline: Date.now() + 1_500 }, work);
}

/** The kind of error with which a call ends. */
async function refusal(rpcs: Rpcs<Served>, call: (rpcs: Rpcs<Served>) => Promise<unknown>): Promise<string> {
  const error = await asking(() => call(rpcs)).then(() => undefined, (error) => error);
  return error instanceof NanoError ? error.kind : String(error);
}

/** What gRPC says to a client of its own, which has no manners. */
function rawCall(security: ReturnType<typeof credentials.createSsl>): Promise<ServiceError | null> {
  const raw = new StoreServiceClient(address, security, { "grpc.ssl_target_name_override": "store" });
  open.push(raw);
  return new Promise((resolve) =>
    raw.getStore({ id_or_slug: "s1" }, { deadline: Date.now() + 1_500 } as never, (error) => resolve(error))
  );
}

const ask = (rpcs: Rpcs<Served>) => rpcs.getStore({ id_or_slug: "s1" });
const publish = (rpcs: Rpcs<Served>) =>
  rpcs.publishEvent({ id: "e1", type: "order.paid", store_id: "s1", payload_json: "{}" } as never);

before(async () => {
  authority = await createAuthority();
  serving = await certificatesOf("store");
  const identity = { name: "store", certificates: serving };
  server = createServer<Served>(definition, handlers, log, identity);
  address = `127.0.0.1:${await listen(server, "127.0.0.1:0", identity)}`;
});
after(async () => {
  for (const one of open) one.close();
  await stopServer(server, 1_000);
  await Deno.remove(folder, { recursive: true });
});

describe("mutual TLS between processes", () => {
  it("lets a peer call what the table says, for whom it says", async () => {
    const cart = await client("cart");
    expect(await asking(() => ask(cart))).toMatchObject({ id: "s1", name: "u1" });
  });

  it("refuses a peer an RPC that the table does not give it, by the name in its certificate", async () => {
    // It calls itself order, which may, but its certificate says cart.
    const liar = await client("order", await certificatesOf("cart"));
    expect(await refusal(liar, publish)).toBe("forbidden");
    expect(await refusal(await client("order"), publish)).toBe("undefined");
  });

  it("does not even send what the table does not let", async () => {
    expect(await refusal(await client("cart"), publish)).toMatch(/peers.ts does not let cart/);
  });

  it("refuses a certificate that names no process, or several", async () => {
    for (const names of [["somebody"], ["cart", "order"]]) {
      const own = await authority.issue(names[0] ?? "", undefined, names.slice(1));
      expect(await refusal(await client("cart", await certificatesOf("", own)), ask)).toBe("forbidden");
    }
  });

  it("refuses clients without, with a foreign and with an expired certificate, and plaintext", async () => {
    const foreign = await createAuthority();
    const [stranger, expired] = [await foreign.issue("cart"), await authority.issue("cart", -1_000)];
    const ca = Buffer.from(authority.certificate);
    const withPair = (own: Credentials) =>
      credentials.createSsl(ca, Buffer.from(own.key), Buffer.from(own.certificate));
    const refused = [credentials.createSsl(ca), withPair(stranger), withPair(expired), credentials.createInsecure()];
    for (const security of refused) expect((await rawCall(security))?.code).toBe(14);
    // The same call by a good one gets through to the handlers, which miss its deadline's metadata or answer.
    expect((await rawCall(withPair(await authority.issue("cart"))))?.code).not.toBe(14);
  });

  it("calls nobody whose certificate is another process's, or another authority's", async () => {
    for (
      const certificates of [
        await certificatesOf("order"),
        await certificatesOf("store", undefined, await createAuthority()),
      ]
    ) {
      const identity = { name: "store", certificates };
      const impostor = createServer<Served>(definition, handlers, log, identity);
      const at = `127.0.0.1:${await listen(impostor, "127.0.0.1:0", identity)}`;
      expect(await refusal(await client("cart", undefined, at), ask)).toBe("unavailable");
      await stopServer(impostor, 500);
    }
  });
});

describe("new certificates", () => {
  it("are taken without a restart, by server and client", async () => {
    const place = join(folder, "rolling");
    await writeCredentials(place, authority, await authority.issue("store"));
    const certificates = await watchCertificates(place, log, 20);
    open.push(certificates);
    const identity = { name: "store", certificates };
    const rolling = createServer<Served>(definition, handlers, log, identity);
    const at = `127.0.0.1:${await listen(rolling, "127.0.0.1:0", identity)}`;
    expect(await refusal(await client("cart", undefined, at), ask)).toBe("undefined");

    const next = await createAuthority();
    const before = certificates.expires();
    await writeCredentials(place, next, await next.issue("store", 60_000));
    while (certificates.expires() === before) await new Promise((resolve) => setTimeout(resolve, 10));

    expect(await refusal(await client("cart", await certificatesOf("cart", undefined, next), at), ask)).toBe(
      "undefined",
    );
    expect(await refusal(await client("cart", undefined, at), ask)).toBe("unavailable");
    await stopServer(rolling, 500);
  });

  it("are left alone while key and certificate don't fit, and once expired", async () => {
    const place = join(folder, "torn");
    await writeCredentials(place, authority, await authority.issue("cart"));
    const certificates = await watchCertificates(place, createLog("test", { LOG_LEVEL: "ERROR" }), 60_000);
    open.push(certificates);
    const before = certificates.expires();
    await Deno.writeTextFile(join(place, "tls.crt"), (await authority.issue("cart", 60_000)).certificate);
    await certificates.reload();
    expect(certificates.expires()).toBe(before);
    await writeCredentials(place, authority, await authority.issue("cart", -60_000));
    await certificates.reload();
    expect(certificates.expires()).toBe(before);
  });

  it("must be good at the start", async () => {
    await expect(watchCertificates(join(folder, "nowhere"), log)).rejects.toThrow(/No such file|NotFound|os error 2/);
    const place = join(folder, "old");
    await writeCredentials(place, authority, await authority.issue("cart", -60_000));
    await expect(watchCertificates(place, log)).rejects.toThrow("they have expired");
  });
});

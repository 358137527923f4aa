import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import {
  type GetStoreRequest,
  type Store,
  type StoreServiceServer,
  StoreServiceService,
} from "../../proto/gen/nano/store/v1/store.ts";
import type { Actor } from "./auth.ts";
import { currentContext, remainingTime, withContext } from "./context.ts";
import { conflict, NanoError, unavailable } from "./errors.ts";
import { connect, createServer, listen, type Rpcs, stopServer } from "./grpc.ts";
import { createLog } from "./log.ts";

type Served = Pick<StoreServiceServer, "getStore" | "createStore" | "publishEvent">;
type Called = Rpcs<Served>;
const { getStore, createStore, publishEvent } = StoreServiceService;
const definition = { getStore, createStore, publishEvent };
const log = createLog("test", { LOG_LEVEL: "ERROR" });
const silent = Object.assign(Object.create(log), { error: () => {} });

let answer: (request: GetStoreRequest) => Promise<Store>;
let attempts = 0;
const server = createServer<Served>(definition, {
  getStore: (request) => answer(request),
  createStore: () => {
    attempts++;
    return Promise.reject(unavailable());
  },
  publishEvent: () => {
    attempts++;
    return attempts < 3 ? Promise.reject(unavailable()) : Promise.resolve({});
  },
}, silent);
let address = "";
let client: Called & { close(): void };

before(async () => {
  address = `127.0.0.1:${await listen(server, "127.0.0.1:0")}`;
  client = connect<Served>(definition, address, ["publishEvent"]);
});

after(async () => {
  client.close();
  await stopServer(server, 200);
});

const store = (more: Partial<Store> = {}): Store => ({
  id: "s1",
  slug: "s",
  name: "S",
  status: "active",
  currency: "USD",
  currencies: ["USD"],
  locale: "en-US",
  country: "US",
  origins: [],
  tax: { rate_bp: 0, included: false },
  create_time: new Date(0),
  update_time: new Date(0),
  version: 1,
  ...more,
});
const actor: Actor = {
  kind: "user",
  user_id: "u1",
  role: "customer",
  store_roles: [{ store_id: "s1", role: "support" }],
};

function call(milliseconds = 2_000): Promise<Store> {
  return withContext(
    { request_id: "r1", actor, deadline: Date.now() + milliseconds },
    () => client.getStore({ id_or_slug: "" }),
  );
}

async function refusal(work: Promise<unknown>): Promise<NanoError> {
  const error = await work.then(() => undefined, (error) => error);
  expect(error).toBeInstanceOf(NanoError);
  return error as NanoError;
}

describe("a call between services", () => {
  it("carries the request's id, its actor and its deadline", async () => {
    answer = () => {
      expect(currentContext()).toMatchObject({ request_id: "r1", actor });
      expect(remainingTime(Infinity)).toBeLessThanOrEqual(2_000);
      return Promise.resolve(store());
    };
    expect(await call()).toEqual(store());
  });

  it("brings ids in lower case, as the rows have them", async () => {
    const seen: string[] = [];
    answer = ({ id_or_slug }) => {
      seen.push(id_or_slug);
      return Promise.resolve(store());
    };
    const ask = (id_or_slug: string) =>
      withContext({ request_id: "r1", actor, deadline: Date.now() + 2_000 }, () => client.getStore({ id_or_slug }));
    for (const name of ["019AA0B4-7A3C-7C55-9B7E-3F1D2C4B5A69", "A-Slug"]) await ask(name);
    expect(seen).toEqual(["019aa0b4-7a3c-7c55-9b7e-3f1d2c4b5a69", "A-Slug"]);
  });

  it("hands its actor on from hop to hop", async () => {
    const seen: unknown[] = [];
    answer = async () => {
      seen.push(currentContext()?.actor);
      return seen.length < 3 ? await client.getStore({ id_or_slug: "" }) : store();
    };
    await call();
    expect(seen).toEqual([actor, actor, actor].map((each) => expect.objectContaining(each)));
  });

  it("is a fault of ours where its request or its answer is no such message", async () => {
    const broken = () => {
      throw new Error("broken");
    };
    answer = () => Promise.resolve(store());
    for (const part of [{ requestSerialize: broken }, { responseDeserialize: broken }]) {
      const other = connect<Served>({ ...definition, getStore: { ...getStore, ...part } }, address);
      const asked = withContext(
        { request_id: "r1", actor, deadline: Date.now() + 2_000 },
        () => other.getStore({ id_or_slug: "" }),
      );
      expect(await refusal(asked)).toMatchObject({ kind: "internal", code: "internal" });
      other.close();
    }
  });

  it("carries an error's kind, code, detail, fields, members and pause", async () => {
    const extras = {
      errors: [{ pointer: "/a", code: "b", message: "c" }],
      members: { allowed: ["x"] },
      retry_after: 7,
      replayed: true,
    };
    answer = () => Promise.reject(new NanoError("unprocessable", "some_code", "Größer als ☃.", extras));
    const { kind, code, message, extras: received } = await refusal(call());
    expect({ kind, code, message, received }).toEqual({
      kind: "unprocessable",
      code: "some_code",
      message: "Größer als ☃.",
      received: extras,
    });
  });

  it("carries an error that names a hundred things", async () => {
    const items = Array.from(
      { length: 100 },
      (_, i) => ({ sku: `a-rather-long-stock-keeping-unit-${i}`, variant_id: crypto.randomUUID(), available: i }),
    );
    answer = () => Promise.reject(conflict("out_of_stock", "Not enough.", { items }));
    expect((await refusal(call())).extras.members).toEqual({ items });
  });

  it("tells nothing of a fault but that there was one", async () => {
    answer = () => Promise.reject(new TypeError("secret host db-1"));
    const error = await refusal(call());
    expect([error.kind, error.code]).toEqual(["internal", "internal"]);
    expect(error.message).not.toContain("db-1");
  });

  it("ends at the deadline", async () => {
    answer = () => new Promise((resolve) => setTimeout(() => resolve(store()), 600));
    expect((await refusal(call(100))).kind).toBe("timeout");
  });

  it("is not made when the deadline has passed", async () => {
    let called = false;
    answer = () => {
      called = true;
      return Promise.resolve(store());
    };
    expect((await refusal(call(-1))).kind).toBe("timeout");
    expect(called).toBe(false);
  });

  it("is a mistake outside of any request", async () => {
    await expect(client.getStore({ id_or_slug: "" })).rejects.toThrow("no deadline");
  });

  it("is refused by the server without a deadline", async () => {
    const raw = new Client(address, credentials.createInsecure());
    const error = await new Promise<ServiceError | null>((resolve) =>
      raw.makeUnaryRequest(
        getStore.path,
        getStore.requestSerialize,
        getStore.responseDeserialize,
        { id_or_slug: "" },
        new Metadata(),
        {},
        resolve,
      )
    );
    raw.close();
    expect(error?.code).toBe(status.INVALID_ARGUMENT);
  });

  it("is refused where its actor is garbage", async () => {
    answer = () => Promise.resolve(store());
    const raw = new Client(address, credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set("nano-actor-bin", Buffer.from("garbage"));
    const error = await new Promise<ServiceError | null>((resolve) =>
      raw.makeUnaryRequest(
        getStore.path,
        getStore.requestSerialize,
        getStore.responseDeserialize,
        { id_or_slug: "" },
        metadata,
        { deadline: Date.now() + 1000 },
        resolve,
      )
    );
    raw.close();
    expect(error?.details).toBe("internal");
  });

  it("is unavailable where nobody listens", async () => {
    const nowhere = connect<Served>(definition, "127.0.0.1:1");
    const error = await refusal(
      withContext(
        { request_id: "r", actor, deadline: Date.now() + 1_500 },
        () => nowhere.createStore({ store: undefined }),
      ),
    );
    nowhere.close();
    expect(error.kind).toBe("unavailable");
    expect(error.message).not.toContain("127.0.0.1");
  });

  const underWay = <T>(run: () => Promise<T>) =>
    withContext({ request_id: "r", actor, deadline: Date.now() + 2_000 }, run);

  it("is tried again on UNAVAILABLE where it is a read or keyed", async () => {
    attempts = 0;
    await underWay(() => client.publishEvent({ event: undefined }));
    expect(attempts).toBe(3);
  });

  it("is not tried again for long where the leaf stays away: retries are throttled", async () => {
    let asked = 0;
    const leaf = createServer<Served>(definition, {
      getStore: () => Promise.reject(unavailable()),
      createStore: () => Promise.reject(unavailable()),
      publishEvent: () => {
        asked++;
        return Promise.reject(unavailable());
      },
    }, silent);
    const caller = connect<Served>(definition, `127.0.0.1:${await listen(leaf, "127.0.0.1:0")}`, ["publishEvent"]);
    const ask = () => refusal(underWay(() => caller.publishEvent({ event: undefined })));
    for (let call = 0; call < 5; call++) await ask();
    await Promise.all(Array.from({ length: 35 }, ask));
    caller.close();
    await stopServer(leaf, 200);
    // Some are tried again, but no more than half of the 10 tokens' worth, however many calls there are.
    expect(asked).toBeGreaterThan(40);
    expect(asked).toBeLessThanOrEqual(45);
  });

  it("is made once where it is any other write", async () => {
    attempts = 0;
    await refusal(underWay(() => client.createStore({ store: undefined })));
    expect(attempts).toBe(1);
  });

  it("is refused over 1 MiB", async () => {
    const error = await refusal(underWay(() => client.getStore({ id_or_slug: "x".repeat(1_100_000) })));
    expect(error.kind).not.toBe("unavailable");
  });
});

describe("calls to two servers of a service", () => {
  it("are spread evenly, go on without an error when one of them goes, and use it again once it is back", async () => {
    let answered = [0, 0];
    const serving = (index: number) =>
      createServer<Served>(definition, {
        getStore: () => {
          answered[index] = (answered[index] ?? 0) + 1;
          return Promise.resolve(store());
        },
        createStore: () => Promise.resolve(store()),
        publishEvent: () => Promise.resolve({}),
      }, silent);
    const [first, second] = [serving(0), serving(1)];
    const ports = [await listen(first, "127.0.0.1:0"), await listen(second, "127.0.0.1:0")];
    const caller = connect<Served>(definition, ports.map((port) => `127.0.0.1:${port}`).join(","));
    const ask = async (calls: number) => {
      answered = [0, 0];
      for (let call = 0; call < calls; call++) {
        const context = { request_id: "r", actor, deadline: Date.now() + 5_000 };
        await withContext(context, () => caller.getStore({ id_or_slug: "" }));
      }
      return answered;
    };
    const bothAnswer = async () => {
      for (const end = Date.now() + 10_000; Date.now() < end;) if ((await ask(2)).every((calls) => calls === 1)) return;
    };
    await bothAnswer();
    expect(await ask(20)).toEqual([10, 10]);

    let going = true;
    const reading = (async () => {
      while (going) await ask(1);
    })();
    await stopServer(second, 2_000);
    going = false;
    await reading;
    expect(await ask(20)).toEqual([20, 0]);

    const again = serving(1);
    await listen(again, `127.0.0.1:${ports[1]}`);
    await bothAnswer();
    expect(await ask(20)).toEqual([10, 10]);
    caller.close();
    await Promise.all([first, again].map((server) => stopServer(server, 1_000)));
  });
});

describe("a server that stops", () => {
  it("lets a call under way end, and then takes no more", async () => {
    const handlers = {
      getStore: () => new Promise<Store>((resolve) => setTimeout(() => resolve(store({ name: "late" })), 150)),
      createStore: () => Promise.resolve(store()),
      publishEvent: () => Promise.resolve({}),
    };
    const stopping = createServer<Served>(definition, handlers, log);
    const caller = connect<Served>(definition, `127.0.0.1:${await listen(stopping, "127.0.0.1:0")}`);
    const context = { request_id: "r", actor, deadline: Date.now() + 2_000 };
    const slow = withContext(context, () => caller.getStore({ id_or_slug: "" }));
    await withContext(context, () => caller.publishEvent({ event: undefined }));
    const stopped = stopServer(stopping, 3_000);
    expect((await slow).name).toBe("late");
    await stopped;
    expect(
      (await refusal(
        withContext({ ...context, deadline: Date.now() + 800 }, () => caller.createStore({ store: undefined })),
      )).kind,
    ).toBe("unavailable");
    caller.close();
  });

  it("waits for a call whose caller is gone", async () => {
    let [began, ended] = [() => {}, false];
    const beginning = new Promise<void>((resolve) => began = resolve);
    const handlers = {
      getStore: async () => {
        began();
        await new Promise((resolve) => setTimeout(resolve, 400));
        ended = true;
        return store();
      },
      createStore: () => Promise.resolve(store()),
      publishEvent: () => Promise.resolve({}),
    };
    const stopping = createServer<Served>(definition, handlers, log);
    const caller = connect<Served>(definition, `127.0.0.1:${await listen(stopping, "127.0.0.1:0")}`);
    const context = { request_id: "r", actor, deadline: Date.now() + 200 };
    const given = refusal(withContext(context, () => caller.getStore({ id_or_slug: "" })));
    await beginning;
    await given;
    caller.close();
    await stopServer(stopping, 3_000);
    expect(ended).toBe(true);
  });
});

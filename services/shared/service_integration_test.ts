import { credentials, loadPackageDefinition, type ServiceClientConstructor } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import { StoreServiceService } from "../../proto/gen/nano/store/v1/store.ts";
import { createServer, listen, stopServer } from "./grpc.ts";
import { createLog } from "./log.ts";
import { addHealth, addReflection } from "./service.ts";

const server = createServer({ getStore: StoreServiceService.getStore }, {
  getStore: () => Promise.reject(new Error("not asked")),
}, createLog("store", { LOG_LEVEL: "ERROR" }));
const health = addHealth(server, "store");
const clients: { close(): void }[] = [];
let address = "";

interface Health {
  check(
    request: { service: string },
    options: { deadline: number },
    done: (error: { code: number } | null, answer: { status: string }) => void,
  ): void;
}

interface Reflection {
  serverReflectionInfo(options: { deadline: number }): Duplex;
}

interface ReflectionAnswer {
  listServicesResponse: { service: { name: string }[] };
  fileDescriptorResponse: { fileDescriptorProto: Uint8Array[] };
}

/** A client as any tool would make it: from the protocol's own .proto file. */
function clientOf<Methods>(file: string, path: string[]): Methods {
  let found: unknown = loadPackageDefinition(loadSync(file, { enums: String }));
  for (const name of path) found = (found as Record<string, unknown>)[name];
  const client = new (found as ServiceClientConstructor)(address, credentials.createInsecure());
  clients.push(client);
  return client as unknown as Methods;
}

before(async () => {
  await addReflection(server, "store");
  address = `127.0.0.1:${await listen(server, "127.0.0.1:0")}`;
});

after(async () => {
  for (const client of clients) client.close();
  await stopServer(server, 200);
});

describe("grpc.health.v1", () => {
  const check = (service: string) =>
    new Promise<string>((resolve) => {
      const file = "node_modules/grpc-health-check/proto/health/v1/health.proto";
      const client = clientOf<Health>(file, ["grpc", "health", "v1", "Health"]);
      client.check(
        { service },
        { deadline: Date.now() + 5_000 },
        (error: { code: number } | null, answer: { status: string }) =>
          resolve(error ? `${error.code}` : answer.status),
      );
    });

  it("says of the process and of its service that they serve, and knows no other", async () => {
    expect(await check("")).toBe("SERVING");
    expect(await check("nano.store.v1.StoreService")).toBe("SERVING");
    expect(await check("nano.order.v1.OrderService")).toBe("5");
  });

  it("says that they do not, once the process is going down", async () => {
    health.stop();
    expect(await check("")).toBe("NOT_SERVING");
    expect(await check("nano.store.v1.StoreService")).toBe("NOT_SERVING");
  });
});

describe("reflection", () => {
  it("names the service and tells its RPCs", async () => {
    const file = "node_modules/@grpc/reflection/build/proto/grpc/reflection/v1/reflection.proto";
    const client = clientOf<Reflection>(file, ["grpc", "reflection", "v1", "ServerReflection"]);
    const ask = (request: Record<string, string>) =>
      new Promise<ReflectionAnswer>((resolve, reject) => {
        const call = client.serverReflectionInfo({ deadline: Date.now() + 5_000 });
        call.on("data", resolve);
        call.on("error", reject);
        call.write(request);
        call.end();
      });
    const { listServicesResponse } = await ask({ listServices: "" });
    expect(listServicesResponse.service).toContainEqual({ name: "nano.store.v1.StoreService" });
    const { fileDescriptorResponse } = await ask({ fileContainingSymbol: "nano.store.v1.StoreService" });
    expect(Buffer.concat(fileDescriptorResponse.fileDescriptorProto).toString("latin1")).toContain("GetStore");
  });
});

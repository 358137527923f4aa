import { Client as GrpcClient, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import type { ProcessName } from "../../processes.ts";
import { ProductServiceService } from "../../../proto/gen/nano/product/v1/product.ts";
import { UserServiceService } from "../../../proto/gen/nano/user/v1/user.ts";
import { OrderServiceService } from "../../../proto/gen/nano/order/v1/order.ts";
import type { Fault, Trial } from "../trial.ts";

const MIB = 1024 * 1024;
const GZIP = 2;

/** Sends bytes as a message straight to a service's port; gives the status that it ends with. */
function send(port: string, path: string, bytes: Buffer, compress: boolean): Promise<number> {
  const client = new GrpcClient(`127.0.0.1:${port}`, credentials.createInsecure(), {
    "grpc.max_send_message_length": -1,
    ...(compress ? { "grpc.default_compression_algorithm": GZIP } : {}),
  });
  return new Promise((resolve) => {
    const deadline = Date.now() + 10_000;
    const done = (error: ServiceError | null) => {
      client.close();
      resolve(error ? error.code ?? status.UNAVAILABLE : status.OK);
    };
    client.makeUnaryRequest(
      path,
      (message: Buffer) => message,
      (answer) => answer,
      bytes,
      new Metadata(),
      { deadline },
      done,
    );
  });
}

/** How much memory a process of the shop has, in bytes, as it says itself. */
async function memoryOf(trial: Trial, process: ProcessName): Promise<number> {
  const port = trial.world.environments.get(process)?.HTTP_PORT;
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Number(/^process_resident_memory_bytes(?:\{.*\})? ([\d.e+]+)$/m.exec(metrics)?.[1] ?? 0);
}

const TARGETS: [ProcessName, string][] = [
  ["product", ProductServiceService.getOffers.path],
  ["user", UserServiceService.getUser.path],
  ["order", OrderServiceService.getOrder.path],
];

/** gRPC messages that are too large. */
export const MESSAGES: readonly Fault[] = [
  {
    number: 27,
    title: "oversized and gzip-bomb gRPC messages",
    async run(trial) {
      await trial.load({ shoppers: 6, seconds: 3, users: 0.3 }, async () => {
        for (const [process, path] of TARGETS) {
          const port = trial.world.environments.get(process)?.PORT ?? "";
          const { deaths } = trial.world.shop.process(process);
          const before = await memoryOf(trial, process);
          const refused = [status.RESOURCE_EXHAUSTED];
          const tries: [string, Buffer, boolean, number[]][] = [
            ["2 MiB", Buffer.alloc(2 * MIB, 1), false, refused],
            ["64 MiB", Buffer.alloc(64 * MIB), false, refused],
            // 128 MiB of zeros are 128 KiB on the wire, below the limit.
            ["a bomb of 128 MiB", Buffer.alloc(128 * MIB), true, refused],
            ["no message", Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f]), false, [
              status.INTERNAL,
              status.INVALID_ARGUMENT,
            ]],
            ["a length beyond its end", Buffer.from([0x0a, 0xff, 0xff, 0xff, 0x07]), false, [
              status.INTERNAL,
              status.INVALID_ARGUMENT,
            ]],
          ];
          for (const [what, bytes, compress, wanted] of tries) {
            const code = await send(port, path, bytes, compress);
            trial.expect(wanted.includes(code), `${what} to ${process} ended ${status[code]}`);
          }
          const bombs = await Promise.all(
            Array.from({ length: 5 }, () => send(port, path, Buffer.alloc(64 * MIB), true)),
          );
          trial.expect(
            bombs.every((code) => refused.includes(code)),
            `bombs ended ${bombs.map((code) => status[code])}`,
          );
          const more = await memoryOf(trial, process) - before;
          trial.expect(more < 256 * MIB, `${process} has ${Math.round(more / MIB)} MiB more than before`);
          trial.expect(trial.world.shop.process(process).deaths === deaths, `${process} died of it`);
        }
      });
      // Unpacking costs the machine something: nobody is told a wrong thing or kept waiting, but some are told to come back.
      trial.expectNo500();
      trial.expectInTime(15_000);
    },
  },
];

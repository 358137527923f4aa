import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { fileURLToPath } from "node:url";
import { type PaymentServiceServer, PaymentServiceService } from "../proto/gen/nano/payment/v1/payment.ts";
import { withTimeout } from "../services/shared/context.ts";
import { connect } from "../services/shared/grpc.ts";
import { type TestDatabase, testDatabase } from "../services/shared/testing.ts";
import { denoArguments, environmentFor, processNamed } from "./processes.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
let database: TestDatabase;
before(async () => void (database = await testDatabase("payment")));
after(() => database.drop());

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  return listener.addr.port;
}

/** The methods that a payment process offers, in the sandbox that the table of processes gives it. */
async function methodsWith(settings: Record<string, string>): Promise<string[]> {
  const payment = processNamed("payment");
  const [port, httpPort] = [freePort(), freePort()];
  const environment = environmentFor(payment, {
    LOG_LEVEL: "ERROR",
    HOST: "127.0.0.1",
    PORT: String(port),
    HTTP_PORT: String(httpPort),
    DATABASE_URL: database.url,
    ORDER_SERVICE_URL: "127.0.0.1:1",
    STORE_SERVICE_URL: "127.0.0.1:1",
    ...settings,
  });
  const child = new Deno.Command(Deno.execPath(), {
    args: denoArguments(payment, environment),
    cwd: root,
    clearEnv: true,
    env: { ...environment, HOME: Deno.env.get("HOME") ?? "/", DENO_DIR: Deno.env.get("DENO_DIR") ?? "" },
    stdout: "null",
    stderr: "null",
  }).spawn();
  const client = connect<PaymentServiceServer>(PaymentServiceService, `127.0.0.1:${port}`);
  try {
    for (let i = 0; i < 600; i++) {
      const ready = await fetch(`http://127.0.0.1:${httpPort}/readyz`).then(async (answer) => {
        await answer.body?.cancel();
        return answer.ok;
      }, () => false);
      if (ready) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { data } = await withTimeout(5_000, () => client.listMethods({ store_id: "" }));
    return data.map(({ id }) => id);
  } finally {
    client.close();
    child.kill("SIGKILL");
    await child.status;
  }
}

describe("the payment process in its sandbox", () => {
  const production = { ENVIRONMENT: "production" };
  const offers: [where: string, settings: Record<string, string>, methods: string[]][] = [
    ["in production", production, ["manual"]],
    ["in production with TEST_PAYMENTS=on", { ...production, TEST_PAYMENTS: "on" }, ["test", "manual"]],
    ["with Stripe's secrets", {
      ...production,
      STRIPE_SECRET_KEY: "sk_test_of_this_test",
      STRIPE_WEBHOOK_SECRET: "whsec_of_this_test",
    }, ["manual", "stripe"]],
  ];
  for (const [where, settings, methods] of offers) {
    it(`offers ${methods.join(" and ")} ${where}`, async () => expect(await methodsWith(settings)).toEqual(methods));
  }
});

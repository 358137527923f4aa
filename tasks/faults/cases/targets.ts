import { delay } from "../../shop/children.ts";
import { expectAnswer, sendJson } from "../hostile/rough.ts";
import { dropWebhooks, person } from "../hostile/scene.ts";
import type { Fault, Trial } from "../trial.ts";

/** Something within the network that no webhook may reach; counts who knocks. */
function secretServer() {
  let knocks = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    knocks++;
    return new Response("secret", { headers: { "content-type": "image/png" } });
  });
  return { port: server.addr.port, knocks: () => knocks, close: () => server.shutdown() };
}

/** Ways to write loopback, private, link-local and metadata addresses. */
function inner(port: number): string[] {
  return [
    `http://127.0.0.1:${port}/`,
    `https://127.0.0.1:${port}/`,
    `http://localhost:${port}/`,
    `http://LOCALHOST.:${port}/`,
    `http://a.localhost:${port}/`,
    `http://127.1:${port}/`,
    `http://2130706433:${port}/`,
    `http://0x7f000001:${port}/`,
    `http://0177.0.0.1:${port}/`,
    `http://0.0.0.0:${port}/`,
    `http://[::1]:${port}/`,
    `http://[::]:${port}/`,
    `http://[::ffff:127.0.0.1]:${port}/`,
    `http://[::ffff:7f00:1]:${port}/`,
    `http://[64:ff9b::7f00:1]:${port}/`,
    `http://１２７.０.０.１:${port}/`,
    `http://127.0.0.1%2f@example.com:${port}/`,
    `http://example.com@127.0.0.1:${port}/`,
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://[fe80::1]/",
    "http://metadata.google.internal/computeMetadata/v1/",
    "http://168.63.129.16/",
    "ftp://127.0.0.1/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "javascript:alert(1)",
    "//127.0.0.1/",
  ];
}

/** Webhooks aimed at what is inside. */
export const TARGETS: readonly Fault[] = [
  {
    number: 38,
    title: "webhook to loopback and metadata addresses",
    async run(trial) {
      const secret = secretServer();
      try {
        await trial.load({ shoppers: 4, seconds: 2, users: 0 }, () => attack(trial, secret.port));
        // The deliveries that were planted are tried at once, and again.
        await trial.passTime(10);
        await delay(1_500);
        await trial.passTime(400);
        await delay(1_000);
        const [row] = await trial.query(
          `select count(*)::int as tried from store.webhook_deliveries d join store.webhook_endpoints e on e.id = d.endpoint_id
           where e.store_id = $1 and e.description = 'planted'`,
          [trial.store_id],
        );
        trial.notes.push(`${row.tried} planted deliveries`);
        trial.expect(row.tried > 0, "no planted delivery was tried");
        trial.expect(secret.knocks() === 0, `${secret.knocks()} requests reached a loopback address`);
      } finally {
        await dropWebhooks(trial);
        await secret.close();
      }
      trial.expectNoServerErrors();
    },
  },
];

async function attack(trial: Trial, port: number): Promise<void> {
  const manager = await person(trial, "manager");
  const event_types = ["order.placed", "order.paid"];
  for (const url of inner(port)) {
    const made = await sendJson(trial, "POST", "/webhooks", { url, event_types }, { who: manager });
    expectAnswer(trial, `a webhook to ${url}`, made, [400, 422]);
  }
  const good = await sendJson(trial, "POST", "/webhooks", { url: "https://hooks.example.com/", event_types }, {
    who: manager,
  });
  expectAnswer(trial, "a webhook to a public name", good, [201]);
  for (const url of [`http://127.0.0.1:${port}/`, "http://169.254.169.254/"]) {
    const changed = await sendJson(trial, "PATCH", `/webhooks/${good.body.id}`, { url }, { who: manager });
    expectAnswer(trial, `changing a webhook to ${url}`, changed, [400, 422]);
  }
  // As if the name had meant something else when it was checked: refused again where it is connected.
  await plant(trial, good.body.id, port);
  // The same holds for images that are to be copied.
  for (
    const url of [`http://127.0.0.1:${port}/a.png`, `https://localhost:${port}/a.png`, "http://169.254.169.254/a.png"]
  ) {
    const product = { name: "P", sku: `S-${crypto.randomUUID()}`, price: 1, stock: 1, images: [{ url, alt: "" }] };
    expectAnswer(trial, `an image at ${url}`, await sendJson(trial, "POST", "/products", product, { who: manager }), [
      201,
      400,
      422,
    ]);
  }
  const shopper = await trial.shopper();
  await shopper.add(trial.shelves[0]?.variant_id ?? "", 1);
  await shopper.order("tok_ok");
}

/** Writes endpoints that no request could make. */
async function plant(trial: Trial, endpoint_id: string, port: number): Promise<void> {
  await trial.query("update store.webhook_endpoints set url = $2, description = 'planted' where id = $1", [
    endpoint_id,
    `http://127.0.0.1:${port}/planted`,
  ]);
}

import { delay } from "../../shop/children.ts";
import type { Fault, Trial } from "../trial.ts";

const CONNECTIONS = 500;
/** A body has 10 s; the rest is for a machine that has other work. */
const PATIENCE_MS = 25_000;

/** A connection that says half of what it has to say, and waits. */
async function open({ hostname, port }: URL, text: string): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname, port: Number(port) });
  await connection.write(new TextEncoder().encode(text)).catch(() => {});
  return connection;
}

/** The status that a connection is answered, 0 if it is cut, undefined if neither happens in time. */
async function fate(connection: Deno.TcpConn): Promise<number | undefined> {
  const stop = new AbortController();
  const bytes = new Uint8Array(4096);
  const answered = connection.read(bytes).then(
    (count) => Number(/^HTTP\/1\.1 (\d{3})/.exec(new TextDecoder().decode(bytes.subarray(0, count ?? 0)))?.[1] ?? 0),
    () => 0,
  );
  const found = await Promise.race([answered, delay(PATIENCE_MS, stop.signal).then(() => undefined)]);
  stop.abort();
  return found;
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // It was cut.
  }
}

/** Sends a byte now and then, for ever. */
async function dribble(connection: Deno.TcpConn, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    if (await connection.write(new TextEncoder().encode("x")).then(() => false, () => true)) return;
    await delay(700);
  }
}

async function attack(trial: Trial): Promise<void> {
  const gateway = new URL(trial.world.gateway);
  const post = `POST /cart/items HTTP/1.1\r\nHost: ${gateway.host}\r\nContent-Type: application/json\r\n`;
  const halves = [
    `GET /products HTTP/1.1\r\nHost: ${gateway.host}\r\nX-Slow`,
    `${post}Content-Length: 60\r\n\r\n{"variant_id":"`,
    `${post}Transfer-Encoding: chunked\r\n\r\n1e\r\n{"variant_id":"`,
    `${post}Content-Length: 4000\r\n\r\n{"variant_id":"`,
  ];
  const connections = await Promise.all(
    Array.from({ length: CONNECTIONS }, (_, index) => open(gateway, halves[index % halves.length] ?? "")),
  );
  let over = false;
  try {
    const dribbling = connections.filter((_, index) => index % halves.length === 3).slice(0, 25);
    for (const connection of dribbling) dribble(connection, () => over);
    const bodies = connections.filter((_, index) => index % halves.length !== 0);
    const fates = await Promise.all(bodies.map(fate));
    const held = fates.filter((status) => status === undefined || status >= 200 && status < 400);
    trial.expect(held.length === 0, `${held.length} of ${bodies.length} half bodies were waited for, or taken`);
    const cut = fates.filter((status) => status === 408 || status === 0).length;
    trial.notes.push(`${CONNECTIONS} connections, ${cut} half bodies given up`);
  } finally {
    over = true;
    connections.forEach(close);
  }
}

/** Clients that never finish a request. */
export const SLOW: readonly Fault[] = [
  {
    number: 26,
    title: "500 slow-loris connections",
    async run(trial) {
      await trial.load({ shoppers: 6, seconds: 3, users: 0.3 }, () => attack(trial));
      trial.expectNoServerErrors();
      trial.expectInTime();
    },
  },
];

import { delay } from "../../shop/children.ts";
import type { Fault, Trial } from "../trial.ts";

const CONNECTIONS = 500;
/** More than world.ts lets the gateway have. */
const CROWD = 2_000;
/** Heads and bodies have 10 s; the rest is for a machine that has other work. */
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

/** Whether a connection is cut in time, whatever it was answered before. `read`: whether to take that. */
async function isCut(connection: Deno.TcpConn, read = true): Promise<boolean> {
  const stop = new AbortController();
  const patience = delay(PATIENCE_MS, stop.signal).then(() => false);
  const bytes = new Uint8Array(64 * 1024);
  const ended = async () => {
    // Who does not read learns of it by writing.
    if (!read) {
      while (!await connection.write(new TextEncoder().encode("x")).then(() => false, () => true)) await delay(500);
      return true;
    }
    while (await connection.read(bytes).catch(() => null) !== null);
    return true;
  };
  const found = await Promise.race([ended(), patience]);
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

/** Half heads and half bodies: each is to be cut, a body after its 408. */
async function sendHalves(trial: Trial): Promise<void> {
  const gateway = new URL(trial.world.gateway);
  const post = `POST /cart/items HTTP/1.1\r\nHost: ${gateway.host}\r\nContent-Type: application/json\r\n`;
  const halves = [
    `GET /products HTTP/1.1\r\nHost: ${gateway.host}\r\nX-Slow`,
    `${post}Content-Length: 60\r\n\r\n{"variant_id":"`,
    `${post}Transfer-Encoding: chunked\r\n\r\n1e\r\n{"variant_id":"`,
    `${post}Content-Length: 4000\r\n\r\n{"variant_id":"`,
  ];
  const connections = await openMany(gateway, CONNECTIONS, (index) => halves[index % halves.length] ?? "");
  let over = false;
  try {
    const dribbling = connections.filter((_, index) => index % halves.length === 3).slice(0, 25);
    for (const connection of dribbling) dribble(connection, () => over);
    const fates = await Promise.all(connections.map(fate));
    const isHead = (index: number) => index % halves.length === 0;
    const held = fates.filter((status, index) => status !== 0 && (isHead(index) || status !== 408));
    trial.expect(held.length === 0, `${held.length} of ${CONNECTIONS} half requests were waited for, or taken`);
    const cut = await Promise.all(connections.map((connection, index) => fates[index] === 0 || isCut(connection)));
    const open = cut.filter((value) => !value).length;
    trial.expect(open === 0, `${open} half requests held their connection after the answer`);
    const refused = fates.filter((status) => status === 408).length;
    trial.notes.push(`${CONNECTIONS} half requests: ${refused} answered 408, all cut`);
  } finally {
    over = true;
    connections.forEach(close);
  }
}

/** Whole requests, and then nothing: neither another, nor anybody who takes the answers. */
async function restAfterwards(trial: Trial): Promise<void> {
  const gateway = new URL(trial.world.gateway);
  const ask = (path: string) => `GET ${path} HTTP/1.1\r\nHost: ${gateway.host}\r\n\r\n`;
  const idle = await openMany(gateway, 100, () => ask("/healthz"));
  const unread = await openMany(gateway, 5, () => ask("/openapi.json").repeat(50));
  try {
    const cut = await Promise.all([
      ...idle.map((connection) => isCut(connection)),
      ...unread.map((connection) => isCut(connection, false)),
    ]);
    const kept = cut.filter((value) => !value).length;
    trial.expect(kept === 0, `${kept} of ${cut.length} connections without a request, or a reader, were kept`);
    trial.notes.push(`${cut.length} idle or unread connections cut`);
  } finally {
    [...idle, ...unread].forEach(close);
  }
}

/** More connections than the gateway has room for, while others shop: who asks comes before who only waits. */
async function fillTheHouse(trial: Trial): Promise<void> {
  const gateway = new URL(trial.world.gateway);
  const crowd = await openMany(gateway, CROWD, () => "");
  try {
    const answers = await Promise.all(Array.from({ length: 50 }, async () => {
      const asking = await open(gateway, `GET /healthz HTTP/1.1\r\nHost: ${gateway.host}\r\nConnection: close\r\n\r\n`);
      return await fate(asking).finally(() => close(asking));
    }));
    const shut = answers.filter((status) => status !== 200).length;
    trial.expect(shut === 0, `${shut} of 50 were shut out by ${CROWD} connections that only wait`);
  } finally {
    crowd.forEach(close);
  }
}

async function attack(trial: Trial): Promise<void> {
  await fillTheHouse(trial);
  await Promise.all([sendHalves(trial), restAfterwards(trial)]);
}

/** Some at a time, as a machine's queue for new connections is short. */
async function openMany(gateway: URL, count: number, text: (index: number) => string): Promise<Deno.TcpConn[]> {
  const connections: Deno.TcpConn[] = [];
  while (connections.length < count) {
    const size = Math.min(100, count - connections.length);
    const next = Array.from({ length: size }, (_, index) => open(gateway, text(connections.length + index)));
    connections.push(...await Promise.all(next));
  }
  return connections;
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

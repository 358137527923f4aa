import type { ConnectionBounds } from "./config.ts";
import { connectionServer, type Handler, type ServedConnection } from "./deno_http.ts";
import type { Log } from "./log.ts";
import { counter, gauge } from "./metrics.ts";
import { STREAMS, type Watch } from "./streams.ts";

/** A server of HTTP that Deno.serve could have made. */
export interface Server {
  addr: Deno.NetAddr;
  /** Takes no more connections, and ends those there are once what is under way is answered. */
  shutdown(): Promise<void>;
}

/** How often it looks for what waits too long: its clock's tick, so that what is asked each request costs nothing. */
const SWEEP_MS = 1_000;
/** A tick, to read what was answered. */
const MOMENT = 1;
/** Of a full house so many make room at a time, so that looking for them costs little each. */
const ROOM = 0.01;
/** How long it waits after accepting failed, as it does where the process has too many files open. */
const FAILED_MS = 100;
const REASONS = ["head", "idle", "body", "answer", "room", "refused"] as const;

let opened = 0;
gauge("nano_http_connections", "Open connections of the public port.", () => opened);
const cuts = counter("nano_http_connections_cut_total", "Connections that the server ended, by reason.", ["reason"]);
for (const reason of REASONS) cuts.inc({ reason }, 0);

/** One connection, and since when nothing has been asked or taken, in seconds. */
class Connection {
  server: ServedConnection | undefined;
  /** Requests that the handler works on: how long it may is its own to bound. */
  working = 0;
  /** Answers that are streams, and not at their end. */
  streams = 0;
  served = false;
  /** Its request's body did not come in time (408): what is left of it is no other request. */
  over = false;

  constructor(readonly peer: Deno.NetAddr, readonly clock: { now: number }, public since = clock.now) {}

  readonly asked = () => {
    this.working++;
    this.served = true;
  };

  readonly answered = (answer: unknown) => {
    this.working--;
    this.since = this.clock.now;
    if (answer instanceof Response && answer.status === 408) this.over = true;
  };

  /** Until `ended`, when the last of it is sent; gives what is to be called for each part that is taken. */
  stream(ended: Promise<void>): () => void {
    this.streams++;
    const taken = () => void (this.since = this.clock.now);
    const over = () => {
      this.streams--;
      taken();
    };
    ended.then(over, over);
    return taken;
  }
}

/** What a handler is told of the connection of its request. */
class Info implements Deno.ServeHandlerInfo<Deno.NetAddr>, Watch {
  constructor(readonly connection: Connection, readonly given: Deno.ServeHandlerInfo<Deno.NetAddr>) {}

  get remoteAddr(): Deno.NetAddr {
    return this.connection.peer;
  }

  get completed(): Promise<void> {
    return this.given.completed;
  }

  [STREAMS](): () => void {
    return this.connection.stream(this.completed);
  }
}

/**
 * Serves HTTP as Deno.serve does, and bounds what it does not: how many connections there are, how long one may take
 * to send its first headers, to rest between two requests, and to take an answer. (What of a body does not come is the
 * handler's to bound.) Where all are taken, who comes takes the place of who only waits, so that holding them
 * shuts nobody out.
 */
export function serveConnections(
  { HOST: hostname, PORT: port, CONNECTION_LIMIT, CONNECTION_HEAD_SECONDS, CONNECTION_IDLE_SECONDS }:
    & { HOST: string; PORT: number }
    & ConnectionBounds,
  log: Log,
  handler: Handler,
): Server {
  const serve = connectionServer();
  const listener = Deno.listen({ hostname, port });
  const open = new Set<Connection>();
  const clock = { now: 0 };
  let closing = false;

  const onError = (error: unknown) => {
    log.error({ err: error }, "a request failed");
    return new Response("Internal Server Error", { status: 500 });
  };

  const leave = (connection: Connection) => {
    if (open.delete(connection)) opened--;
  };

  const cut = (connection: Connection, reason: typeof REASONS[number]) => {
    leave(connection);
    cuts.inc({ reason });
    connection.server?.cut();
  };

  const admit = (accepted: Deno.TcpConn) => {
    if (open.size >= CONNECTION_LIMIT && !makeRoom()) {
      cuts.inc({ reason: "refused" });
      return accepted.close();
    }
    const connection = new Connection(accepted.remoteAddr, clock);
    const { asked, answered } = connection;
    connection.server = serve(accepted, (request, info) => {
      asked();
      let answer;
      try {
        return answer = handler(request, new Info(connection, info));
      } finally {
        // What is no stream is through, for this, once it is handed over: what is left of it has the time of a rest.
        if (answer instanceof Promise) answer.then(answered, answered);
        else answered(answer);
      }
    }, onError);
    open.add(connection);
    opened++;
    connection.server.finished.then(() => leave(connection), () => leave(connection));
  };

  /** Ends those that have waited longest while nothing of theirs is under way, first of all who never asked. */
  function makeRoom(): boolean {
    const waiting = [...open].filter(({ working, streams }) => working + streams === 0);
    waiting.sort((a, b) => Number(a.served) - Number(b.served) || a.since - b.since);
    for (const connection of waiting.slice(0, Math.ceil(CONNECTION_LIMIT * ROOM))) cut(connection, "room");
    return waiting.length > 0;
  }

  const sweep = setInterval(() => {
    clock.now++;
    for (const connection of open) {
      const rested = clock.now - connection.since;
      if (connection.working > 0 || rested <= MOMENT) continue;
      if (connection.over) cut(connection, "body");
      else if (!connection.served) {
        if (rested > CONNECTION_HEAD_SECONDS) cut(connection, "head");
      } else if (rested > CONNECTION_IDLE_SECONDS) cut(connection, connection.streams > 0 ? "answer" : "idle");
    }
  }, SWEEP_MS);

  const accept = async () => {
    while (!closing) {
      try {
        admit(await listener.accept());
      } catch (error) {
        if (closing) return;
        log.error({ err: error }, "a connection was not accepted");
        makeRoom();
        await new Promise((resolve) => setTimeout(resolve, FAILED_MS));
      }
    }
  };
  accept();

  return {
    addr: listener.addr,
    async shutdown() {
      closing = true;
      clearInterval(sweep);
      listener.close();
      await Promise.all([...open].map(({ server }) => server?.shutdown().catch(() => {})));
    },
  };
}

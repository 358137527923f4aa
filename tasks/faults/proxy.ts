import { delay } from "../shop/children.ts";

/** A TCP proxy that stands before a server and can do to its clients what networks and machines do. */
export class Proxy {
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #open = new Set<Deno.TcpConn>();
  #refusing = false;
  #delay = 0;
  #thaw: (() => void) | undefined;
  #frozen: Promise<void> | undefined;
  /** How many connections were asked for. */
  connections = 0;

  constructor(readonly target: { hostname: string; port: number }) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#accept();
  }

  /** Everything passes again. */
  pass(): void {
    this.#refusing = false;
    this.#delay = 0;
    this.#thaw?.();
    this.#thaw = this.#frozen = undefined;
  }

  /** The server is gone: what is connected is cut, what comes is closed at once. */
  refuse(): void {
    this.pass();
    this.#refusing = true;
    this.cut();
  }

  /** Cuts what is connected. */
  cut(): void {
    for (const connection of [...this.#open]) close(connection);
  }

  /** Nothing passes any more, and nobody is told: connections stay open. */
  freeze(): void {
    this.#frozen ??= new Promise((resolve) => this.#thaw = resolve);
  }

  /** Every piece of an answer comes so much later. */
  delay(milliseconds: number): void {
    this.#delay = milliseconds;
  }

  /** Forgets what is connected now, as a firewall does with idle connections: nothing passes on it, for ever. */
  forget(): void {
    for (const connection of [...this.#open]) this.#forgotten.add(connection);
  }
  readonly #forgotten = new WeakSet<Deno.TcpConn>();

  close(): void {
    this.#listener.close();
    this.pass();
    this.cut();
  }

  async #accept(): Promise<void> {
    for (;;) {
      const client = await this.#listener.accept().catch(() => undefined);
      if (!client) return;
      this.connections++;
      if (this.#refusing) close(client);
      else this.#join(client);
    }
  }

  async #join(client: Deno.TcpConn): Promise<void> {
    this.#open.add(client);
    const server = await Deno.connect(this.target).catch(() => undefined);
    if (!server || !this.#open.has(client)) {
      close(client);
      if (server) close(server);
      return;
    }
    this.#open.add(server);
    for (const connection of [client, server]) connection.setNoDelay(true);
    await Promise.all([this.#pump(client, server, false), this.#pump(server, client, true)]);
    for (const connection of [client, server]) {
      close(connection);
      this.#open.delete(connection);
    }
  }

  async #pump(from: Deno.TcpConn, to: Deno.TcpConn, isAnswer: boolean): Promise<void> {
    const bytes = new Uint8Array(64 * 1024);
    try {
      for (;;) {
        const count = await from.read(bytes);
        if (count === null) break;
        if (this.#frozen) await this.#frozen;
        if (isAnswer && this.#delay) await delay(this.#delay);
        if (this.#forgotten.has(from)) continue;
        for (let written = 0; written < count;) written += await to.write(bytes.subarray(written, count));
      }
      // The other side hears of the end too.
      close(to);
    } catch {
      close(to);
      close(from);
    }
  }
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
}

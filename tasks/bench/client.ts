/** An answer as the load generator needs it. */
export interface Reply {
  status: number;
  /** Its bytes are valid until the next request of the connection. */
  body: Uint8Array;
  /** Of a refusal: whether it says when to come again. */
  retry?: boolean;
}

/** A request that is sent as it stands. */
export interface Sendable {
  method: string;
  path: string;
  headers?: Readonly<Record<string, string>> | undefined;
  body?: unknown;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const END_OF_HEAD = encoder.encode("\r\n\r\n");
const LAST_CHUNK = encoder.encode("\r\n0\r\n\r\n");

/**
 * One keep-alive connection of HTTP/1.1, a request at a time. It reads only what a measurement needs, so that it costs
 * less than what it measures.
 */
export class Connection {
  #conn: Deno.TcpConn | undefined;
  #buffer: Uint8Array<ArrayBuffer>;

  /** `size` is how much of an answer it first has room for. */
  constructor(readonly hostname: string, readonly port: number, size = 256 * 1024) {
    this.#buffer = new Uint8Array(size);
  }

  /** Sends bytes made by `encode`. A connection that the server closed is made anew for the next request. */
  async send(request: Uint8Array): Promise<Reply> {
    try {
      this.#conn ??= await this.#connect();
      for (let sent = 0; sent < request.length;) sent += await this.#conn.write(request.subarray(sent));
      return await this.#read(this.#conn);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    try {
      this.#conn?.close();
    } catch {
      // It is closed already.
    }
    this.#conn = undefined;
  }

  /** The bytes of a request. */
  encode({ method, path, headers = {}, body }: Sendable): Uint8Array {
    const content = body === undefined ? "" : JSON.stringify(body);
    const head = [`${method} ${path} HTTP/1.1`, `Host: ${this.hostname}:${this.port}`];
    for (const [name, value] of Object.entries(headers)) head.push(`${name}: ${value}`);
    if (body !== undefined) {
      head.push("Content-Type: application/json", `Content-Length: ${encoder.encode(content).length}`);
    }
    return encoder.encode(`${head.join("\r\n")}\r\n\r\n${content}`);
  }

  async #connect(): Promise<Deno.TcpConn> {
    const conn = await Deno.connect({ hostname: this.hostname, port: this.port });
    conn.setNoDelay(true);
    return conn;
  }

  async #read(conn: Deno.TcpConn): Promise<Reply> {
    let length = 0;
    let bodyAt = -1;
    let end = Infinity;
    let chunked = false;
    let [status, last, retry] = [0, false, false];
    while (length < end) {
      if (length === this.#buffer.length) this.#grow();
      const read = await conn.read(this.#buffer.subarray(length));
      if (read === null) throw new Error("The server closed the connection.");
      length += read;
      if (bodyAt < 0) {
        const headEnd = indexOf(this.#buffer, END_OF_HEAD, length);
        if (headEnd < 0) continue;
        bodyAt = headEnd + 4;
        const head = decoder.decode(this.#buffer.subarray(0, headEnd));
        status = Number(head.slice(9, 12));
        const told = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
        last = /\r\nconnection: *close/i.test(head);
        retry = status >= 400 && /\r\nretry-after: *\d/i.test(head);
        chunked = /\r\ntransfer-encoding: *chunked/i.test(head);
        if (!chunked) end = bodyAt + (status === 304 || status === 204 ? 0 : Number(told ?? 0));
      }
      if (chunked && endsWith(this.#buffer, LAST_CHUNK, length)) end = length;
    }
    if (last) this.close();
    return { status, body: this.#buffer.subarray(bodyAt, end), ...(status >= 400 ? { retry } : {}) };
  }

  #grow(): void {
    const larger = new Uint8Array(this.#buffer.length * 2);
    larger.set(this.#buffer);
    this.#buffer = larger;
  }
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array, length: number): number {
  const [first = 0] = wanted;
  for (let at = bytes.indexOf(first); at >= 0 && at + wanted.length <= length; at = bytes.indexOf(first, at + 1)) {
    if (wanted.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  return -1;
}

function endsWith(bytes: Uint8Array, wanted: Uint8Array, length: number): boolean {
  const from = length - wanted.length;
  return from >= 0 && wanted.every((byte, index) => bytes[from + index] === byte);
}

/** What answers a request; of what it is told of the connection, the peer's address is what counts. */
export type Handler = (
  request: Request,
  info: Deno.ServeHandlerInfo<Deno.NetAddr>,
) => Response | Promise<Response>;

/** HTTP on one connection, until either side ends it. */
export interface ServedConnection {
  finished: Promise<void>;
  /** Ends it once what is under way is answered. */
  shutdown(): Promise<void>;
  /** Ends it at once, whatever is under way; nothing after shutdown. */
  cut(): void;
}

/** Serves HTTP on a connection that was accepted. */
export type ServeConnection = (
  connection: Deno.TcpConn,
  handler: Handler,
  onError: (error: unknown) => Response,
) => ServedConnection;

/** Deno's function: of the signal it only listens to "abort". */
type Internal = (
  connection: Deno.TcpConn,
  signal: { addEventListener(type: "abort", listener: () => void): void },
  handler: Handler,
  onError: (error: unknown) => Response,
  onListen: () => void,
) => { finished: Promise<void>; shutdown(): Promise<void> };

/**
 * Deno's HTTP server for a single connection, of which Deno.serve is made (ext/http/00_serve.ts of Deno 2.9.3). This is
 * the one place that takes something from Deno which its documentation does not have: Deno.serve accepts by itself and
 * ends no connection, and node:http's server costs twice the time per request. Throws where this Deno lacks it.
 */
export function connectionServer(from: object = Deno): ServeConnection {
  const serve = internalServer(from);
  return (connection, handler, onError) => {
    let abort = () => {};
    // Not an AbortSignal: what its listener throws, where the connection has just ended, would end the process.
    const signal = { addEventListener: (_: "abort", listener: () => void) => void (abort = listener) };
    const server = serve(connection, signal, handler, onError, () => {});
    return {
      finished: server.finished,
      shutdown: () => server.shutdown(),
      cut() {
        try {
          abort();
        } catch {
          // It has ended.
        }
      },
    };
  };
}

function internalServer(from: object): Internal {
  const name: unknown = Reflect.get(from, "internal");
  const internals: unknown = typeof name === "symbol" ? Reflect.get(from, name) : undefined;
  const serve: unknown = typeof internals === "object" && internals !== null
    ? Reflect.get(internals, "serveHttpOnConnection")
    : undefined;
  if (isServer(serve)) return serve;
  throw new Error(
    `Cannot serve HTTP as Deno ${Deno.version.deno} has no server for a single connection: run it by Deno 2.9.3.`,
  );
}

/** Another number of parameters is another function. */
function isServer(value: unknown): value is Internal {
  return typeof value === "function" && value.length === 5;
}

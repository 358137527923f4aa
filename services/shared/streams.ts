/** By name, as a bundle (the console's may be one) has a copy of this module. */
export const STREAMS = Symbol.for("nano.streams");

/** What a handler's `info` has where the server (connections.ts) watches what clients take. */
export interface Watch {
  /** The answer is a stream. Gives what is to be called for each part of it that is taken. */
  [STREAMS](): () => void;
}

/**
 * The same stream, for an answer to the request that `info` came with: its connection then counts as used with each
 * part that the client takes. Without this a stream must be through in the time that a connection may rest.
 */
export function watched<Stream extends ReadableStream<Uint8Array> | null>(
  stream: Stream,
  info: unknown,
): Stream | ReadableStream<Uint8Array> {
  if (stream === null || !isWatch(info)) return stream;
  const taken = info[STREAMS]();
  return stream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(part, controller) {
        taken();
        controller.enqueue(part);
      },
    }),
  );
}

/** In tests an app may answer without a server. */
function isWatch(info: unknown): info is Watch {
  return typeof info === "object" && info !== null && STREAMS in info;
}

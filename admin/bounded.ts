import { HttpError } from "fresh";

/** The largest media is 5 MiB; a form adds a little to it. */
const MAX_BODY = 6 * 1024 * 1024;
/** From the first look at a body to its end. */
const BODY_MS = 15_000;

/** A request whose body fails, once it is read, where it is over 6 MiB (413) or takes over 15 s (408) to arrive. */
export function bounded(request: Request): Request {
  if (!request.body) return request;
  let [length, timer]: [number, ReturnType<typeof setTimeout> | undefined] = [0, undefined];
  const limit = new TransformStream<Uint8Array, Uint8Array>({
    start(controller) {
      timer = setTimeout(() => controller.error(new HttpError(408)), BODY_MS);
    },
    transform(bytes, controller) {
      length += bytes.length;
      if (length > MAX_BODY) controller.error(new HttpError(413));
      else controller.enqueue(bytes);
    },
    flush: () => clearTimeout(timer),
    cancel: () => clearTimeout(timer),
  });
  return new Request(request, { body: request.body.pipeThrough(limit) });
}

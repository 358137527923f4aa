import { type DestinationStream, symbols } from "pino";
import type { Context } from "../shared/context.ts";
import { type Log, masked } from "../shared/log.ts";
import { traceOf } from "../shared/trace.ts";

/** What one request came to. */
export interface Access {
  context: Context;
  /** As the client sent it. */
  method: string;
  path: string;
  /** The template of the path. */
  route: string;
  status: number;
  nanoseconds: number;
  /** The size of the body, where it is known. */
  bytes: number | undefined;
  store: string | undefined;
}

/** A path of plain names and numbers: nothing in it needs to be escaped or masked. */
const PLAIN = /^[\w/.-]{1,200}$/;
const MANY_DIGITS = /\d{9}/;
const METHOD = /^[A-Z]{1,16}$/;

/**
 * Writes a line for each answer, put together by hand: pino takes ten times as long, which is much of what a cached
 * read costs at all. Says which fields a line has in one place; access_log_test.ts holds it against pino's own lines.
 */
export function accessLog(log: Log): (access: Access) => void {
  const { [symbols.streamSym]: stream, [symbols.chindingsSym]: common } = log as unknown as {
    [symbols.streamSym]: DestinationStream;
    [symbols.chindingsSym]: string;
  };
  return ({ context, method, path, route, status, nanoseconds, bytes, store }) => {
    const { request_id, actor } = context;
    const verb = METHOD.test(method) ? method : "OTHER";
    const shown = PLAIN.test(path) && !MANY_DIGITS.test(path) ? path : shownPath(path);
    const { trace, span } = traceOf(context);
    const body = bytes === undefined ? "" : `,"body":{"bytes":${bytes}}`;
    stream.write(
      `{"log.level":"info","@timestamp":"${new Date().toISOString()}"${common}` +
        `,"http":{"request":{"id":"${request_id}","method":"${verb}"},"response":{"status_code":${status}${body}}}` +
        `,"url":{"path":"${shown}","route":"${escaped(route)}"},"event":{"duration":${nanoseconds}}` +
        (trace ? `,"trace":{"id":"${trace.id}"}` : "") + (span ? `,"span":{"id":"${span.id}"}` : "") +
        (actor.user_id ? `,"user":{"id":"${actor.user_id}"}` : "") +
        `,"labels":{"actor":"${actor.kind}"${store ? `,"store":"${store}"` : ""}}` +
        `,"message":"${verb} ${shown} ${status}"}\n`,
    );
  };
}

/** A route's template may hold a regular expression. */
function escaped(route: string): string {
  return route.includes("\\") || route.includes('"') ? JSON.stringify(route).slice(1, -1) : route;
}

/** A path as a line may hold it: escaped, without what looks like personal data, and not without end. */
function shownPath(path: string): string {
  let text = path;
  try {
    text = decodeURIComponent(path);
  } catch {
    // It stays as it came.
  }
  return JSON.stringify(masked(text.slice(0, 200))).slice(1, -1);
}

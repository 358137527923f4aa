import { tmpdir } from "node:os";
import { join } from "node:path";

/** Free ports are sought below the range that systems give to outgoing connections, by each process in a part of its own. */
const [LOWEST, HIGHEST, PART] = [20000, 32000, 100];

/** What this process has given out, with the lock on it where there is one. */
const taken = new Map<number, Deno.FsFile | undefined>();

/** Where this process seeks: from a port on, each of them once, and the lock on all of them. */
let part: { next: number; end: number; file?: Deno.FsFile | undefined } | undefined;

/** Whether a port can be listened on now. */
export function isFree(port: number, hostname = "127.0.0.1"): boolean {
  try {
    Deno.listen({ hostname, port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse || error instanceof Deno.errors.PermissionDenied) return false;
    throw error;
  }
}

/** Takes the preferred port where it can, else another free one. */
export function takePort(preferred?: number): number {
  if (preferred && takeExactly(preferred)) return preferred;
  for (let tries = 0; tries < 1000; tries++) {
    if (!part || part.next === part.end) part = ownPart();
    const port = part.next++;
    if (taken.has(port) || !isFree(port)) continue;
    taken.set(port, undefined);
    return port;
  }
  throw new Error("Cannot find a free port as a thousand were tried.");
}

/** Takes this port and no other, if it is free and no other shop is about to use it. */
export function takeExactly(port: number, hostname?: string): boolean {
  return !taken.has(port) && isFree(port, hostname) && lock(port);
}

/** Finds a free port without taking it; another one each time. */
export function findPort(): number {
  const port = takePort();
  taken.delete(port);
  return port;
}

/** Two shops that start at once would both find the usual ports free, so each such choice is locked. */
function lock(port: number): boolean {
  const { locked, file } = lockFile(`nano-port-${port}.lock`);
  if (locked) taken.set(port, file);
  return locked;
}

/** A part of the range in which no other process seeks: what one has found but not yet opened would look free to it. */
function ownPart(): NonNullable<typeof part> {
  const parts = (HIGHEST - LOWEST) / PART;
  const begin = Math.floor(Math.random() * parts);
  const at = (i: number) => LOWEST + (begin + i) % parts * PART;
  for (let i = 0; i < parts; i++) {
    const { locked, file } = lockFile(`nano-ports-${at(i)}.lock`);
    if (locked) return { next: at(i), end: at(i) + PART, file };
  }
  return { next: at(0), end: at(0) + PART };
}

/** Locks a file until this process ends; the system lets go of it even after kill -9. Without files all is unlocked. */
function lockFile(name: string): { locked: boolean; file?: Deno.FsFile | undefined } {
  const file = openLock(join(tmpdir(), name));
  if (!file || file.tryLockSync(true)) return { locked: true, file };
  file.close();
  return { locked: false };
}

/** Opens for reading where it can, as the file may be another user's. */
function openLock(path: string): Deno.FsFile | undefined {
  for (const options of [{ read: true }, { write: true, create: true, mode: 0o644 }]) {
    try {
      return Deno.openSync(path, options);
    } catch {
      // Not there yet, or not to be written by this user.
    }
  }
  return undefined;
}

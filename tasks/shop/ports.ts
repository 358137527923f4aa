import { tmpdir } from "node:os";
import { join } from "node:path";

/** Free ports are sought below the range that systems give to outgoing connections. */
const [LOWEST, HIGHEST] = [20000, 32000];

/** What this process has given out, with the lock on it where there is one. */
const taken = new Map<number, Deno.FsFile | undefined>();

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
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
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

/** Finds a free port without taking it. */
export function findPort(): number {
  const port = takePort();
  taken.delete(port);
  return port;
}

/**
 * Two shops that start at once would both find the usual ports free, so each such choice is a file lock, held until
 * this process ends; the system lets go of it even after kill -9.
 */
function lock(port: number): boolean {
  const file = openLock(join(tmpdir(), `nano-port-${port}.lock`));
  if (file && !file.tryLockSync(true)) {
    file.close();
    return false;
  }
  taken.set(port, file);
  return true;
}

/** Opens for reading where it can, as the file may be another user's; without a file the port goes unlocked. */
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

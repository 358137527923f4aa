import { mailFolder, operatorOf } from "./plan.ts";
import { environmentWithFile, readSettings } from "./settings.ts";
import { Shop } from "./shop.ts";

/** Ctrl-C comes twice at once: from the terminal, and from `deno task`, which got it too and passes it on. */
const ECHO = 300;

/** Runs a shop until a signal: the first drains it, a second ends all at once. Gives the exit code. */
export async function runShop(): Promise<number> {
  const settings = readSettings(environmentWithFile());
  const stop = new AbortController();
  const shop = new Shop(settings, { say, signal: stop.signal });
  const stopped = new Promise<void>((resolve) => stop.signal.addEventListener("abort", () => resolve()));
  let first = 0;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(name, () => {
      if (!first) {
        first = Date.now();
        say("stopping");
        stop.abort();
      } else if (Date.now() - first > ECHO) {
        shop.kill();
        Deno.exit(1);
      }
    });
  }
  // Whatever goes wrong in the starter itself, what it started must not be left alone.
  for (const name of ["unhandledrejection", "error"]) {
    globalThis.addEventListener(name, (event) => {
      event.preventDefault();
      say(`unexpected: ${event instanceof PromiseRejectionEvent ? event.reason : (event as ErrorEvent).message}`);
    });
  }
  try {
    await shop.start();
  } catch (error) {
    if (stop.signal.aborted) return 0;
    throw error;
  }
  const mails = mailFolder(settings);
  if (mails) say(`mails are not sent but kept: ${mails}/index.html`);
  say(ready(shop));
  await stopped;
  await shop.stop();
  say("stopped");
  return 0;
}

function ready({ gateway, admin, settings }: Shop): string {
  const operator = settings.ENVIRONMENT === "development" ? operatorOf(settings) : undefined;
  const signIn = operator ? ` · operator ${operator.email} password ${operator.password}` : "";
  return `ready ${gateway} · docs ${gateway}/docs · admin ${admin}${signIn}`;
}

/** The terminal may be gone (its window closed, the pipe's reader ended): the shop goes on without it. */
function say(line: string): void {
  try {
    console.log(line);
  } catch {
    // Nobody reads it.
  }
}

/** Where the built scripts are served: below it comes the build id. */
export const SCRIPTS = "/_fresh/js/";

/** In a browser the build id, and what precedes SCRIPTS, are in this script's own URL. */
const [prefix, rest] = new URL(import.meta.url).pathname.split(SCRIPTS);

/** The app's basePath, as a browser sees it. */
export const basePathInBrowser = rest ? prefix ?? "" : "";

let id = rest?.split("/")[0] ?? "development";

/** Names the build: it changes whenever the app is built. */
export function buildId(): string {
  return id;
}

/** Set once, by the snapshot that is loaded. */
export function setBuildId(value: string): void {
  id = value;
}

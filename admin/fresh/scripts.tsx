import type { VNode } from "preact";
import { HttpError } from "./http_error.ts";
import { PendingSlots } from "./island.tsx";
import { stringifyProps } from "./props.ts";
import { type Rendering, rendering } from "./rendering.ts";

/** What ends the body: the script that starts the islands, and nothing at all on a page without (but in development). */
export function Scripts(): VNode | null {
  const state = rendering();
  if (!state) return null;
  return (
    <>
      <PendingSlots />
      <BootScript state={state} />
      <ErrorOverlay state={state} />
    </>
  );
}

function BootScript({ state }: { state: Rendering }): VNode | null {
  const [client, ...scripts] = scriptUrls(state).map((url) => JSON.stringify(url));
  if (!client) return null;
  const imports = scripts.map((url, index) => `import*as i${index} from ${url};`).join("");
  const components = state.islands.map(({ exportName }, index) => `i${index}[${JSON.stringify(exportName)}]`);
  const props = JSON.stringify(stringifyProps(state.islandProps)).replaceAll("<", "\\u003C");
  const code = `import{boot}from ${client};${imports}boot([${components}],${props});`;
  return <script type="module" dangerouslySetInnerHTML={{ __html: code }} />;
}

/** Shows, in development, the error that an error page speaks of. */
function ErrorOverlay({ state }: { state: Rendering }): VNode | null {
  const { error } = state.page;
  if (!state.snapshot.development || error === null || (error instanceof HttpError && error.status < 500)) return null;
  const text = error instanceof Error ? error.stack ?? error.message : String(error);
  return (
    <>
      <style>{OVERLAY}</style>
      <pre id="fresh-error-overlay">{text}</pre>
    </>
  );
}

const OVERLAY =
  "#fresh-error-overlay{position:fixed;inset:0;margin:0;padding:2rem;overflow:auto;background:#111;color:#fff}";

/** The Link header by which the browser fetches scripts early. */
export function preloadHeader(state: Rendering): string {
  return scriptUrls(state).map((url) => `<${url}>; rel="modulepreload"; as="script"`).join(", ");
}

/** The client's script, then that of each island; none where there is nothing to start. */
function scriptUrls({ islands, snapshot, page }: Rendering): string[] {
  if (islands.length === 0 && !snapshot.development) return [];
  return [snapshot.client, ...islands.map(({ script }) => script)].map((path) =>
    encodeURI(page.config.basePath + path)
  );
}

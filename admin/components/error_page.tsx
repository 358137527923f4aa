import { Frame } from "./frame.tsx";
import { texts } from "../texts.ts";
import type { State } from "../utils.ts";

/** What an operator sees in place of a page. */
export function ErrorPage({ status, request_id, state }: { status: number; request_id?: string; state?: State }) {
  const content = (
    <div class="error-page">
      <h1>{texts.errors[status] ?? texts.errors[500]}</h1>
      {status >= 500 && request_id && <p class="muted">{texts.errorReference} {request_id}</p>}
      <p>
        <a class="button" href="/">{texts.nav.home}</a>
      </p>
    </div>
  );
  return state?.user ? <Frame state={state}>{content}</Frame> : <main class="plain">{content}</main>;
}

import type { HeldForm } from "../held_form.ts";
import { Form } from "./form.tsx";
import { Frame } from "./frame.tsx";
import { HeldFields } from "./held_form.tsx";
import { texts } from "../texts.ts";
import type { State } from "../utils.ts";

interface Props {
  status: number;
  /** What is wrong, where there is more to say than the status does. */
  says?: string;
  request_id?: string;
  state?: State;
  /** What a form brought, to be sent again. */
  unsent?: Pick<HeldForm, "path" | "fields">;
}

/** What an operator sees in place of a page. */
export function ErrorPage({ status, says, request_id, state, unsent }: Props) {
  const content = (
    <div class="error-page">
      <h1>{says || (texts.errors[status] ?? texts.errors[500])}</h1>
      {status >= 500 && request_id && <p class="muted">{texts.errorReference} {request_id}</p>}
      {unsent && (
        <Form action={unsent.path} class="form">
          <p>{texts.sendAgainSays}</p>
          <HeldFields fields={unsent.fields} />
          <button type="submit" class="button primary">{texts.sendAgain}</button>
        </Form>
      )}
      <p>
        <a class="button" href="/">{texts.nav.home}</a>
      </p>
    </div>
  );
  return state?.user ? <Frame state={state}>{content}</Frame> : <main class="plain">{content}</main>;
}

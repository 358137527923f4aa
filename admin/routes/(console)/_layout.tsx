import { Frame } from "../../components/frame.tsx";
import { define } from "../../utils.ts";

/** What surrounds each page of the console. Not async: Fresh marks links only while it renders synchronously. */
export default define.layout(({ Component, state }) => (
  <Frame state={state}>
    <Component />
  </Frame>
));

import { Frame } from "../../components/frame.tsx";
import { Place } from "../../components/place.ts";
import { define } from "../../utils.ts";

/** What surrounds each page of the console. Not async: Fresh marks links only while it renders synchronously. */
export default define.layout(({ Component, state, url }) => (
  <Frame state={state}>
    <Place.Provider value={{ url, store: state.store.id }}>
      <Component />
    </Place.Provider>
  </Frame>
));

import { define } from "../utils.ts";

export default define.page(() => (
  <main>
    <h1>Home</h1>
  </main>
));

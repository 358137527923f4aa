import { asset } from "fresh/runtime";
import { define } from "../utils.ts";

export default define.page(({ Component, state }) => (
  <html lang="en" data-theme={state.theme ?? "auto"}>
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>{state.title ? `${state.title} · Nano` : "Nano"}</title>
      <link rel="icon" href={asset("/favicon.svg")} type="image/svg+xml" />
      <link rel="stylesheet" href={asset("/styles.css")} />
    </head>
    <body>
      <Component />
    </body>
  </html>
));

/** `deno task start`: the whole shop, from nothing, until Ctrl-C. */
import { refuseOtherDeno } from "./shop/deno_version.ts";
import { orRefuse } from "./shop/refusal.ts";
import { readArguments } from "./shop/usage.ts";

await orRefuse(async () => {
  readArguments();
  refuseOtherDeno();
  // Only now, as another Deno may not even load the rest.
  const { runShop } = await import("./shop/run_shop.ts");
  return await runShop();
});

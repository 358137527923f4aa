/** `deno task admin:dev`: the console with live reload, on the shop that runs; PORT says where (8081). */
import { baseEnvironment } from "./shop/children.ts";
import { orRefuse } from "./shop/refusal.ts";
import { runningShop } from "./shop/run_file.ts";
import { developmentSecrets } from "./shop/secrets.ts";
import { environmentWithFile, readSettings } from "./shop/settings.ts";
import { readArguments } from "./shop/usage.ts";

await orRefuse(async () => {
  readArguments();
  const { DATA_DIR, JWT_SECRET } = readSettings(environmentWithFile());
  const { gateway = "" } = runningShop(DATA_DIR);
  const port = Deno.env.get("PORT") ?? "8081";
  console.log(`the console, reloading: http://127.0.0.1:${port}`);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--watch=admin", "-P=tasks", "admin/dev.ts"],
    env: {
      ...baseEnvironment(),
      GATEWAY_URL: gateway,
      JWT_SECRET: JWT_SECRET ?? developmentSecrets(DATA_DIR).JWT_SECRET,
      ENVIRONMENT: "development",
      PORT: port,
    },
    clearEnv: true,
  }).spawn();
  return (await child.status).code;
});

/** `deno task certs [--dir <folder>] [--days N]`: a development CA and a certificate for each process. */
import { parseArgs } from "node:util";
import { makeCertificates } from "./certs/ensure.ts";
import { orRefuse, Refusal } from "./shop/refusal.ts";

await orRefuse(async () => {
  const { values } = parseArgs({
    args: Deno.args.filter((argument) => argument !== "--"),
    options: {
      dir: { type: "string", default: Deno.env.get("TLS_DIR") || ".nano/tls" },
      days: { type: "string", default: "365" },
    },
  });
  const days = Number(values.days);
  if (!(days > 0 && days <= 365)) throw new Refusal("Cannot make certificates as --days must be from 1 to 365.");
  const names = await makeCertificates(values.dir, days);
  console.log(`certificates for ${names.join(", ")} in ${values.dir}; start the shop with TLS_DIR=${values.dir}`);
});

/** `deno task audit:verify [-- --head <service>:<seq>:<hash>…]`: whether anybody changed, removed or inserted audit rows. */
import { parseArgs } from "node:util";
import { type Head, verifyChain } from "./audit/verify.ts";
import { connectOwner } from "./database/check.ts";
import { ownerLogin } from "./shop/owner.ts";
import { orRefuse, Refusal } from "./shop/refusal.ts";

/** The schemas that keep an audit log. */
const AUDITED = ["user", "product", "payment", "store"];

await orRefuse(async () => {
  const noted = readHeads(Deno.args.filter((argument) => argument !== "--"));
  const client = await connectOwner(ownerLogin().ownerUrl);
  let broken = 0;
  try {
    for (const schema of AUDITED) {
      const { rows, seals, unsealed, head, fault } = await verifyChain(client, schema, noted.get(schema));
      if (fault) broken++;
      console.log(
        fault
          ? `${schema}: BROKEN after ${rows} rows in ${seals} seals: ${fault}`
          : `${schema}: ${rows} rows in ${seals} seals hold, ${unsealed} not yet sealed, head ${schema}:${head.seq}:${head.hash}`,
      );
    }
  } finally {
    await client.end();
  }
  if (!broken) console.log("Keep the heads elsewhere and give them by --head: so also a chain made anew is found.");
  return broken ? 1 : 0;
});

function readHeads(args: string[]): Map<string, Head> {
  const { values } = parseArgs({ args, options: { head: { type: "string", multiple: true } } });
  return new Map((values.head ?? []).map((text) => {
    const [, schema = "", seq, hash = ""] = /^(\w+):(\d+):([0-9a-f]{64})$/.exec(text) ?? [];
    if (!AUDITED.includes(schema)) {
      throw new Refusal(`Cannot read --head ${text} as it must be <service>:<seq>:<hash>.`);
    }
    return [schema, { seq: Number(seq), hash }];
  }));
}

/** `deno task psql [-- -c "select 1"]`: a shell on the shop's database: psql where there is one, else a small one of our own. */
import pg from "pg";
import { ownerLogin } from "./shop/owner.ts";
import { orRefuse, Refusal } from "./shop/refusal.ts";
import { readLoop, runInTerminal } from "./shop/shell.ts";

await orRefuse(async () => {
  const { ownerUrl } = ownerLogin();
  const args = Deno.args.filter((argument) => argument !== "--");
  // By the environment, as others can read a command line.
  const { hostname, port, username, password, pathname } = new URL(ownerUrl);
  return await runInTerminal("psql", args, {
    PGHOST: hostname,
    PGPORT: port || "5432",
    PGUSER: decodeURIComponent(username),
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: decodeURIComponent(pathname.slice(1)),
  }) ?? await ownShell(ownerUrl, args);
});

async function ownShell(ownerUrl: string, args: readonly string[]): Promise<number> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    const command = args.indexOf("-c");
    if (command >= 0) {
      console.log(await answer(client, args[command + 1] ?? ""));
    } else if (args.length) {
      throw new Refusal('Without psql on PATH only -c "statement" is understood.');
    } else {
      await readLoop("nano=# ", (text) => text === "" || text.endsWith(";"), (text) => answer(client, text));
    }
    return 0;
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    throw new Refusal(`error: ${error.message}`);
  } finally {
    await client.end();
  }
}

async function answer(client: pg.Client, text: string): Promise<string> {
  // Several statements in one text give several results.
  const results: pg.QueryResult[] = [await client.query({ text, rowMode: "array" })].flat();
  return results.map(table).join("\n");
}

/** Rows as psql's unaligned table; without columns the command and its count. */
function table({ fields, rows, command, rowCount }: pg.QueryResult<unknown[]>): string {
  if (!fields?.length) return `${command} ${rowCount ?? ""}`.trim();
  const lines = rows.map((row) => row.map((value) => value === null ? "" : shown(value)).join(" | "));
  return [fields.map(({ name }) => name).join(" | "), ...lines, `(${rows.length} rows)`].join("\n");
}

function shown(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

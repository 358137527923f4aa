import type pg from "pg";

/** Drops the indexes of tables that no constraint needs, for a load; gives the statements that make them again. */
export async function dropIndexes(client: pg.Client, tables: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition from pg_index i
     where i.indrelid = any($1::text[]::regclass[])
       and not exists (select from pg_constraint c where c.conindid = i.indexrelid)`,
    [tables],
  );
  for (const { name } of rows) await client.query(`drop index ${name}`);
  return rows.map(({ definition }) => definition);
}

/** Makes indexes again, saying how far it is. */
export async function makeIndexes(
  client: pg.Client,
  definitions: readonly string[],
  say: (line: string) => void,
): Promise<void> {
  for (const [at, definition] of definitions.entries()) {
    await client.query(definition);
    say(`made index ${at + 1} of ${definitions.length}`);
  }
}

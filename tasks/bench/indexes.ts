import type pg from "pg";

/** The foreign keys of tables and to them, and their other constraints that need an index. */
const CONSTRAINTS =
  `select contype = 'f' as foreign_key, conrelid::regclass::text as table, quote_ident(conname) as name,
    pg_get_constraintdef(oid) as definition
  from pg_constraint
  where (contype in ('p', 'u', 'f') and conrelid = any($1::text[]::regclass[]))
    or (contype = 'f' and confrelid = any($1::text[]::regclass[]))
  order by foreign_key desc, conrelid::regclass::text, conname`;

const INDEXES = `select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
  from pg_index where indrelid = any($1::text[]::regclass[])`;

interface Constraint {
  foreign_key: boolean;
  table: string;
  name: string;
  definition: string;
}

/**
 * Drops all indexes of tables for a load, and what looks things up in them row by row: keys and foreign keys. Gives the
 * statements that make them again, in order.
 */
export async function dropIndexes(client: pg.Client, tables: readonly string[]): Promise<string[]> {
  const { rows: constraints } = await client.query<Constraint>(CONSTRAINTS, [tables]);
  for (const { table, name } of constraints) await client.query(`alter table ${table} drop constraint ${name}`);
  const { rows: indexes } = await client.query<{ name: string; definition: string }>(INDEXES, [tables]);
  for (const { name } of indexes) await client.query(`drop index ${name}`);
  const add = ({ table, name, definition }: Constraint) => `alter table ${table} add constraint ${name} ${definition}`;
  return [
    ...constraints.filter(({ foreign_key }) => !foreign_key).map(add),
    ...indexes.map(({ definition }) => definition),
    ...constraints.filter(({ foreign_key }) => foreign_key).map(add),
  ];
}

/** Makes them again, saying how far it is. */
export async function makeIndexes(
  client: pg.Client,
  statements: readonly string[],
  say: (line: string) => void,
): Promise<void> {
  for (const [at, statement] of statements.entries()) {
    await client.query(statement);
    say(`made index ${at + 1} of ${statements.length}`);
  }
}

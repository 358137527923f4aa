/** The entry of a record that somebody named: `constructor` and the like, which every object has, name none. */
export function entryOf<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** What a process remembers by key for a while: a bounded map, whose oldest entries go first when it is full. */
export interface Memory<T> {
  get(key: string): T | undefined;
  set(key: string, value: T): void;
  delete(key: string): void;
  clear(): void;
}

/** Makes a memory in which a value lives for so many milliseconds, whatever the clock is set to, of at most so many values. */
export function remember<T>(milliseconds: number, max: number): Memory<T> {
  const entries = new Map<string, { value: T; until: number }>();
  return {
    get(key) {
      const entry = entries.get(key);
      if (!entry || entry.until > performance.now()) return entry?.value;
      entries.delete(key);
      return undefined;
    },
    set(key, value) {
      entries.delete(key);
      const oldest = entries.size >= max ? entries.keys().next().value : undefined;
      if (oldest !== undefined) entries.delete(oldest);
      entries.set(key, { value, until: performance.now() + milliseconds });
    },
    delete: (key) => void entries.delete(key),
    clear: () => entries.clear(),
  };
}

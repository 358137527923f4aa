import { z } from "zod";

/** What a registry knows against one release of a package. */
export interface Advisory {
  readonly name: string;
  readonly versions: readonly string[];
  readonly title: string;
  readonly severity: string;
  readonly range: string;
  readonly url: string;
}

/** What came of asking: the advisories, or why there was no answer. */
export type Answer = { readonly advisories: readonly Advisory[] } | { readonly unanswered: string };

const PATIENCE_MS = 30_000;

const Told = z.record(
  z.string(),
  z.array(z.object({
    title: z.string().default(""),
    severity: z.string().default("unknown"),
    vulnerable_versions: z.string().default(""),
    url: z.string().default(""),
  })),
);
const Lock = z.object({ npm: z.record(z.string(), z.unknown()) });

/** The releases that a deno.lock pins, by package. Its keys are `name@version`, with `_` and peers after it. */
export function lockedPackages(lock: string): Record<string, string[]> {
  const packages: Record<string, string[]> = {};
  for (const key of Object.keys(Lock.parse(JSON.parse(lock)).npm)) {
    const [, name, version] = /^(@?[^@]+)@([^_]+)/.exec(key) ?? [];
    if (!name || !version) throw new Error(`Cannot read deno.lock as a package in it has no version: ${key}`);
    const versions = packages[name] ??= [];
    if (!versions.includes(version)) versions.push(version);
  }
  return packages;
}

/** Asks a registry as `npm audit` does: one POST of names and versions. Never throws. */
export async function askRegistry(
  registry: string,
  packages: Record<string, string[]>,
  client?: Deno.HttpClient,
): Promise<Answer> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${registry.replace(/\/+$/, "")}/-/npm/v1/security/advisories/bulk`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(packages),
      signal: AbortSignal.timeout(PATIENCE_MS),
      ...(client ? { client } : {}),
    });
    text = await response.text();
  } catch (error) {
    return { unanswered: error instanceof Error ? error.message : String(error) };
  }
  if (response.status !== 200) {
    return { unanswered: `it answers ${response.status} to POST /-/npm/v1/security/advisories/bulk` };
  }
  const told = Told.safeParse(parsed(text));
  if (!told.success) return { unanswered: "what it answers is no list of advisories" };
  const advisories = Object.entries(told.data).flatMap(([name, known]) =>
    known.map(({ title, severity, vulnerable_versions: range, url }) => ({
      name,
      versions: packages[name] ?? [],
      title,
      severity,
      range,
      url,
    }))
  );
  return { advisories };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

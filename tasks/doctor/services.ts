import { type Finding, ok, wrong } from "./finding.ts";

/** Asks each process whether it is ready: its answer's status, or undefined where it does not answer. */
export async function readServices(
  health: Readonly<Record<string, string>>,
): Promise<Record<string, number | undefined>> {
  const answers = Object.entries(health).map(async ([name, address]) => {
    const signal = AbortSignal.timeout(3000);
    const response = await fetch(`${address}/readyz`, { signal }).catch(() => undefined);
    await response?.body?.cancel();
    return [name, response?.status] as const;
  });
  return Object.fromEntries(await Promise.all(answers));
}

/** Judges a running shop's processes. */
export function judgeServices(answers: Readonly<Record<string, number | undefined>>): Finding[] {
  const bad = Object.entries(answers).filter(([, status]) => status !== 200).map(([name, status]) =>
    wrong(
      "services",
      status ? `${name} is not ready` : `${name} does not answer`,
      `deno task logs ${name}   says why; deno task stop, then deno task start, begins anew`,
    )
  );
  return bad.length ? bad : [ok("services", `${Object.keys(answers).length} processes are ready`)];
}

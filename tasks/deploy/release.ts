import type { Cluster } from "./cluster.ts";
import type { Manifest } from "./render.ts";
import type { Smoke } from "./smoke.ts";

/** All that a release consists of. */
export interface Release {
  readonly manifests: readonly Manifest[];
  readonly secrets: readonly Manifest[];
  readonly smoke: (gatewayUrl: string) => Promise<Smoke>;
  readonly say: (line: string) => void;
}

/**
 * Puts a release into a cluster: secrets and servers, then the database's new shape, then the new pods, then a purchase
 * on trial. What goes wrong after the pods began to change takes all of them back to what they ran before, and is thrown.
 */
export async function release(cluster: Cluster, { manifests, secrets, smoke, say }: Release): Promise<void> {
  const of = (...kinds: string[]) => manifests.filter(({ kind }) => kinds.includes(kind));
  const deployments = of("Deployment");
  const names = deployments.map(({ metadata }) => metadata.name);
  const others = manifests.filter(({ kind }) => !["Namespace", "Deployment", "Job"].includes(kind));

  say("namespace, secrets, settings, network policies");
  await cluster.apply(of("Namespace"));
  await cluster.apply([...secrets, ...others]);

  say("migrating the database");
  for (const job of of("Job")) await cluster.runJob(job);

  const before = new Map<string, string | undefined>();
  for (const name of names) before.set(name, await cluster.revision(name));
  try {
    say(`replacing ${names.length} deployments`);
    await cluster.apply(deployments);
    for (const name of names) {
      await cluster.rolledOut(name);
      say(`${name} rolled out`);
    }
    say("buying something on trial");
    const { what } = await cluster.forward("api-gateway", 8000, smoke);
    say(what);
  } catch (error) {
    say("rolling back: the database keeps its new shape, on which the release before works too");
    for (const name of names) await cluster.rollBack(name, before.get(name));
    throw error;
  }
}

import { must, run } from "./programs.ts";
import type { Manifest } from "./render.ts";

/** A cluster, as far as a deploy acts on it; `namespace` is the shop's. */
export interface Cluster {
  /** Its name in kubectl's configuration. */
  readonly context: string;
  /** Makes objects what the manifests say. */
  apply(manifests: readonly Manifest[]): Promise<void>;
  /** Runs a job to its end, in place of an earlier run of it. */
  runJob(job: Manifest): Promise<void>;
  /** Waits until a deployment's new pods have taken over; throws when they do not. */
  rolledOut(deployment: string): Promise<void>;
  /** The revision that a deployment runs; undefined before its first. */
  revision(deployment: string): Promise<string | undefined>;
  /** Goes back to that revision of a deployment, if there was one and it runs another now. */
  rollBack(deployment: string, revision: string | undefined): Promise<void>;
  /** Reaches a service on a local port, for as long as `work` takes. */
  forward<T>(service: string, port: number, work: (url: string) => Promise<T>): Promise<T>;
}

const NAMESPACE = ["--namespace", "nano-ecommerce"];

/** The cluster that kubectl points to; a sentence when there is none. */
export async function currentCluster(): Promise<Cluster> {
  const context = await must("kubectl", ["config", "current-context"], {
    otherwise: "Cannot deploy as kubectl points to no cluster: choose one by kubectl config use-context <name>.",
  });
  await must("kubectl", ["version", "--request-timeout=10s"], {
    otherwise: `Cannot deploy as the cluster of kubectl's context "${context}" does not answer.`,
  });
  const list = (manifests: readonly Manifest[]) => JSON.stringify({ apiVersion: "v1", kind: "List", items: manifests });
  return {
    context,
    async apply(manifests) {
      await must("kubectl", ["apply", "--filename", "-"], { input: list(manifests) });
    },
    async runJob(job) {
      const name = `job/${job.metadata.name}`;
      await must("kubectl", ["delete", name, ...NAMESPACE, "--ignore-not-found", "--wait"]);
      await must("kubectl", ["apply", "--filename", "-"], { input: list([job]) });
      await must("kubectl", ["wait", name, ...NAMESPACE, "--for=condition=complete", "--timeout=600s"]);
    },
    async rolledOut(deployment) {
      await must("kubectl", ["rollout", "status", `deployment/${deployment}`, ...NAMESPACE, "--timeout=300s"]);
    },
    revision,
    async rollBack(deployment, before) {
      if (!before || await revision(deployment).catch(() => undefined) === before) return;
      await run("kubectl", ["rollout", "undo", `deployment/${deployment}`, `--to-revision=${before}`, ...NAMESPACE]);
    },
    async forward(service, port, work) {
      const child = new Deno.Command("kubectl", {
        args: ["port-forward", `service/${service}`, `:${port}`, ...NAMESPACE],
        stdin: "null",
        stdout: "piped",
        stderr: "null",
      }).spawn();
      try {
        return await work(`http://127.0.0.1:${await portIn(child.stdout)}`);
      } finally {
        child.kill("SIGTERM");
        await child.status;
      }
    },
  };
}

async function revision(deployment: string): Promise<string | undefined> {
  const path = "jsonpath={.metadata.annotations.deployment\\.kubernetes\\.io/revision}";
  const get = ["get", `deployment/${deployment}`, ...NAMESPACE, "--ignore-not-found", "--output", path];
  return await must("kubectl", get) || undefined;
}

/** kubectl says: Forwarding from 127.0.0.1:40123 -> 8000 */
async function portIn(output: ReadableStream<Uint8Array>): Promise<string> {
  let said = "";
  const decoder = new TextDecoder();
  for await (const bytes of output.values({ preventCancel: true })) {
    said += decoder.decode(bytes, { stream: true });
    const port = /127\.0\.0\.1:(\d+) ->/.exec(said)?.[1];
    if (port) return port;
  }
  throw new Error("Cannot reach the gateway: kubectl port-forward ended at once.");
}

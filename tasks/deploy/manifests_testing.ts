/** For tests only: what of manifests is checked. */
import type { Manifest } from "./render.ts";

export type { Manifest };

interface Container {
  readonly name: string;
  readonly image: string;
  readonly securityContext?: Record<string, unknown>;
  readonly resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly lifecycle?: { preStop?: { exec?: { command?: string[] } } };
}

interface Probe {
  readonly httpGet?: { path: string };
}

interface Pod {
  readonly automountServiceAccountToken?: boolean;
  readonly terminationGracePeriodSeconds?: number;
  readonly securityContext?: Record<string, unknown>;
  readonly containers: Container[];
}

export interface Workload extends Manifest {
  readonly spec: { template: { metadata: { labels: Record<string, string> }; spec: Pod } };
}

/** What runs pods. */
export function workloadsOf(manifests: readonly Manifest[]): Workload[] {
  return manifests.filter(({ kind }) => ["Deployment", "StatefulSet", "Job"].includes(kind)) as Workload[];
}

export function podOf({ spec }: Workload): Pod {
  return spec.template.spec;
}

export function containersOf(workload: Workload): Container[] {
  return podOf(workload).containers;
}

/** What a workload's pods do that Pod Security `restricted`, or this project, does not want. */
export function faultsOfPod(workload: Workload): string[] {
  const pod = podOf(workload);
  const faults: [boolean, string][] = [
    [pod.automountServiceAccountToken !== false, "has the cluster's API"],
    [pod.securityContext?.runAsNonRoot !== true, "may be root"],
    [kindOf(pod.securityContext?.seccompProfile) !== "RuntimeDefault", "has no seccomp profile"],
    ...containersOf(workload).flatMap((container): [boolean, string][] => {
      const { securityContext: own = {}, resources = {}, image } = container;
      return [
        [own.allowPrivilegeEscalation !== false, "may gain privileges"],
        [own.readOnlyRootFilesystem !== true, "can write its disk"],
        [JSON.stringify(own.capabilities) !== '{"drop":["ALL"]}', "keeps capabilities"],
        [!resources.limits?.memory || !resources.requests?.memory || !resources.requests.cpu, "has no limits"],
        [
          !/^[\w./-]+(:[\w.-]*\d[\w.-]*|:development|@sha256:[0-9a-f]{64})$/.test(image),
          `has no exact image: ${image}`,
        ],
      ];
    }),
  ];
  return faults.filter(([broken]) => broken).map(([, fault]) => `${workload.metadata.name} ${fault}`);
}

function kindOf(value: unknown): unknown {
  return (value as { type?: string } | undefined)?.type;
}

export type Edge = `${string} → ${string}`;

interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: unknown;
}

interface Selector {
  readonly matchLabels?: Record<string, string>;
  readonly matchExpressions?: { key: string; values: string[] }[];
}

interface Policy {
  readonly podSelector: Selector;
  readonly ingress?: { from?: Peer[] }[];
  readonly egress?: { to?: Peer[] }[];
}

/** Who may talk to whom in the namespace: an edge counts when the one may send and the other may receive. */
export function edgesOf(manifests: readonly Manifest[]): Edge[] {
  const policies = manifests.filter(({ kind }) => kind === "NetworkPolicy").map(({ spec }) => spec as Policy);
  const received = policies.flatMap(({ podSelector, ingress = [] }) =>
    pairs(ingress.flatMap(({ from = [] }) => from), namesIn(podSelector))
  );
  const sent = policies.flatMap(({ podSelector, egress = [] }) =>
    pairs(egress.flatMap(({ to = [] }) => to), namesIn(podSelector)).map(([to, from]) => [from, to] as const)
  );
  const asEdges = (some: readonly (readonly [string, string])[]) => some.map(([from, to]): Edge => `${from} → ${to}`);
  const [left, right] = [new Set(asEdges(received)), new Set(asEdges(sent))];
  const oneSided = left.symmetricDifference(right);
  if (oneSided.size) throw new Error(`Only one end allows: ${[...oneSided].join(", ")}`);
  return [...left];
}

function pairs(peers: readonly Peer[], names: readonly string[]): (readonly [string, string])[] {
  const inside = peers.filter(({ podSelector, namespaceSelector }) => podSelector && !namespaceSelector);
  return inside.flatMap(({ podSelector }) => namesIn(podSelector)).flatMap((peer) =>
    names.map((name) => [peer, name] as const)
  );
}

function namesIn(selector: Selector | undefined): string[] {
  const label = selector?.matchLabels?.["app.kubernetes.io/name"];
  const listed = selector?.matchExpressions?.find(({ key }) => key === "app.kubernetes.io/name")?.values ?? [];
  return label ? [label] : listed;
}

/** What the API's own schema says against a manifest. */
export async function schemaFaults(manifest: Manifest): Promise<string[]> {
  const { apiVersion, kind, metadata } = manifest;
  const models: Record<string, new (data: unknown) => { validate(): void }> = await import(
    `kubernetes-models/${apiVersion}`
  );
  const Model = models[kind];
  if (!Model) return [`${kind} is not in ${apiVersion}`];
  try {
    new Model(manifest).validate();
    return [];
  } catch (error) {
    return [`${kind}/${metadata.name}: ${error instanceof Error ? error.message : error}`];
  }
}

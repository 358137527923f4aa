import { before, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { edgesOf, faultsOfPod, schemaFaults, type Workload, workloadsOf } from "../deploy/manifests_testing.ts";
import { type Manifest, render } from "../deploy/render.ts";
import { nameInCluster } from "../deploy/secrets.ts";
import { PROCESSES } from "../processes.ts";

describe("k8s/monitoring", () => {
  let manifests: Manifest[];
  before(async () => {
    manifests = await render("k8s/monitoring");
  });
  const named = (kind: string, name: string) =>
    manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);

  it("fits the Kubernetes API's schemas", async () => {
    expect((await Promise.all(manifests.map(schemaFaults))).flat()).toEqual([]);
  });

  it("runs restricted pods with limits and exact images; only Prometheus has the cluster's API", () => {
    const workloads = workloadsOf(manifests);
    expect(workloads.map(({ metadata }) => metadata.name).sort()).toEqual([
      "elasticsearch",
      "grafana",
      "kibana",
      "logs-setup",
      "prometheus",
    ]);
    expect(workloads.flatMap(faultsOfPod)).toEqual(["prometheus has the cluster's API"]);
    const namespace = named("Namespace", "monitoring");
    expect(namespace?.metadata.labels).toMatchObject({ "pod-security.kubernetes.io/enforce": "restricted" });
    expect(workloads.every(({ metadata }) => metadata.namespace === "monitoring")).toBe(true);
  });

  it("keeps the shipper, which is root to read the nodes' files, by itself and without any power but that", () => {
    const shipper = named("DaemonSet", "shipper") as Workload;
    expect(shipper.metadata.namespace).toBe("log-shipper");
    expect(faultsOfPod(shipper)).toEqual(["shipper may be root"]);
    const { volumes } = shipper.spec.template.spec as unknown as { volumes: { hostPath?: { path: string } }[] };
    const paths = volumes.flatMap(({ hostPath }) => hostPath ? [hostPath.path] : []);
    expect(paths).toEqual(["/var/log", "/var/lib/nano-shipper"]);
  });

  it("lets Prometheus read pods in the shop's namespace, and nothing else", () => {
    expect(manifests.filter(({ kind }) => kind.startsWith("ClusterRole"))).toEqual([]);
    expect(named("Role", "prometheus")).toMatchObject({
      metadata: { namespace: "nano-ecommerce" },
      rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] }],
    });
  });

  it("lets its programs talk as they must, and nothing else", () => {
    const inside = manifests.filter(({ metadata }) => metadata.namespace === "monitoring");
    expect(edgesOf(inside).sort()).toEqual([
      "grafana → prometheus",
      "kibana → elasticsearch",
      "logs-setup → elasticsearch",
      "logs-setup → kibana",
    ]);
    expect(named("NetworkPolicy", "default-deny")?.spec).toEqual({
      podSelector: {},
      policyTypes: ["Ingress", "Egress"],
    });
  });

  it("finds every process's metrics by the annotations of its pods", async () => {
    const shop = workloadsOf(await render("k8s/base")).filter(({ kind }) => kind === "Deployment");
    const found = shop.map(({ metadata, spec: { template } }) => {
      const { annotations } = template.metadata as unknown as { annotations: Record<string, string> };
      const [container] = template.spec.containers as unknown as { ports: { name: string; containerPort: number }[] }[];
      const health = container?.ports.find(({ name }) => name === "health")?.containerPort;
      return [metadata.name, annotations["prometheus.io/scrape"], Number(annotations["prometheus.io/port"]), health];
    });
    expect(found.sort()).toEqual(
      PROCESSES.map(({ name, httpPort }) => [nameInCluster(name), "true", httpPort, httpPort]).sort(),
    );
  });
});

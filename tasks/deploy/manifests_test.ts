import { before, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { PROCESSES, SERVICES } from "../processes.ts";
import { render, renderRelease } from "./render.ts";
import { nameInCluster, secretsOf } from "./secrets.ts";
import { readSettings } from "../shop/settings.ts";
import {
  containersOf,
  type Edge,
  edgesOf,
  faultsOfPod,
  type Manifest,
  podOf,
  schemaFaults,
  type Workload,
  workloadsOf,
} from "./manifests_testing.ts";

const SECRET = "kXq3vT8yRbN5wZc7Lm2Hd9Pf4Gs6Jt1AeUo0iBnKxQrVyWzE";
const SETTINGS = readSettings({
  ENVIRONMENT: "production",
  DATABASE_URL: "postgres://owner:hidden@db.example:5432/nano",
  REDIS_URL: "redis://cache.example:6379",
  JWT_SECRET: SECRET,
  DATABASE_ROLE_SECRET: `${SECRET}2`,
  ADMIN_EMAIL: "owner@shop.example",
  ADMIN_PASSWORD: "correct horse battery",
});

const NAMES = PROCESSES.map(({ name }) => nameInCluster(name)).sort();

for (const overlay of ["development", "production"] as const) {
  describe(`k8s/overlays/${overlay}`, () => {
    let manifests: Manifest[];
    let workloads: Workload[];
    before(async () => {
      manifests = await render(`k8s/overlays/${overlay}`);
      workloads = workloadsOf(manifests);
    });
    const named = (kind: string) =>
      manifests.filter((manifest) => manifest.kind === kind).map(({ metadata }) => metadata.name).sort();

    it("fits the Kubernetes API's schemas", async () => {
      expect((await Promise.all(manifests.map(schemaFaults))).flat()).toEqual([]);
    });

    it("stays in its namespace, whose pods must be restricted", () => {
      const inside = manifests.filter(({ kind }) => kind !== "Namespace");
      expect(new Set(inside.map(({ metadata }) => metadata.namespace))).toEqual(new Set(["nano-ecommerce"]));
      const namespace = manifests.find(({ kind }) => kind === "Namespace");
      expect(namespace?.metadata.labels).toMatchObject({ "pod-security.kubernetes.io/enforce": "restricted" });
    });

    it("has a Deployment and a Service for each process, the gateway's on 8000", () => {
      expect(named("Deployment")).toEqual(NAMES);
      expect(named("Service")).toEqual(expect.arrayContaining(NAMES));
      const ports = Object.fromEntries(
        manifests.filter(({ kind }) => kind === "Service").map(({ metadata, spec }) => {
          const { ports } = spec as { ports: { port: number }[] };
          return [metadata.name, ports[0]?.port];
        }),
      );
      for (const { name, port } of PROCESSES) expect(ports[nameInCluster(name)]).toBe(port);
    });

    it("lets gRPC clients see every pod", () => {
      const headless = manifests.filter(({ kind, spec }) =>
        kind === "Service" && (spec as { clusterIP?: string }).clusterIP === "None"
      ).map(({ metadata }) => metadata.name);
      expect(headless).toEqual(expect.arrayContaining([...SERVICES, "deliver"]));
    });

    it("runs every pod restricted, on a read-only disk, without the cluster's API, with limits and exact images", () => {
      expect(workloads.flatMap(faultsOfPod)).toEqual([]);
    });

    it("probes every process for start, readiness and life, and gives it time to drain", () => {
      for (const workload of workloads.filter(({ kind }) => kind === "Deployment")) {
        const { terminationGracePeriodSeconds = 30 } = podOf(workload);
        for (const { name, startupProbe, readinessProbe, livenessProbe, lifecycle } of containersOf(workload)) {
          expect([name, startupProbe?.httpGet?.path, readinessProbe?.httpGet?.path, livenessProbe?.httpGet?.path])
            .toEqual([name, "/healthz", "/readyz", "/healthz"]);
          // As services/shared/shutdown.ts: it serves 5 s more and drains for 15 s.
          const sleep = Number(lifecycle?.preStop?.exec?.command?.at(-1) ?? 0);
          expect(terminationGracePeriodSeconds).toBeGreaterThan(sleep + 5 + 15);
        }
      }
    });

    it("lets processes talk as tasks/processes.ts says, and nothing else", () => {
      const expected: Edge[] = PROCESSES.flatMap(({ name, neighbours }) =>
        neighbours.map((to) => `${nameInCluster(name)} → ${nameInCluster(to)}` as Edge)
      );
      const within = edgesOf(manifests).filter((edge) => NAMES.includes(edge.split(" → ")[1] ?? ""));
      expect(within.sort()).toEqual([...expected, "admin → api-gateway"].sort());
    });

    it("denies all that no policy allows", () => {
      const deny = manifests.find(({ kind, metadata }) => kind === "NetworkPolicy" && metadata.name === "default-deny");
      expect(deny?.spec).toEqual({ podSelector: {}, policyTypes: ["Ingress", "Egress"] });
    });

    it("refers to Secrets that a deploy makes", async () => {
      const made = (await secretsOf(SETTINGS)).map(({ metadata }) => metadata.name);
      const known = new Set([...made, "postgres-secrets", ...NAMES.map((name) => `${name}-tls`)]);
      const asked = JSON.stringify(workloads).matchAll(/"(?:secretRef|secretKeyRef)":\{[^}]*"name":"([^"]+)"/g);
      for (const [, name] of asked) expect(known).toContain(name);
    });
  });
}

describe("k8s/overlays/production", () => {
  it("keeps two of each at least, through load, drains and upgrades", async () => {
    const manifests = await render("k8s/overlays/production");
    const specs = (kind: string) =>
      Object.fromEntries(
        manifests.filter((manifest) => manifest.kind === kind).map(({ metadata, spec }) => [metadata.name, spec]),
      ) as Record<string, Record<string, unknown>>;
    for (const name of NAMES) {
      expect(specs("HorizontalPodAutoscaler")[name]).toMatchObject({ minReplicas: 2 });
      expect(specs("PodDisruptionBudget")[name]).toMatchObject({ maxUnavailable: 1 });
      expect(specs("Deployment")[name]).toMatchObject({ strategy: { rollingUpdate: { maxUnavailable: 0 } } });
    }
  });

  it("takes a release's images", async () => {
    const manifests = await renderRelease("production", "1.2.3", "shop/");
    const images = workloadsOf(manifests).flatMap(containersOf).map(({ image }) => image);
    expect(images).toEqual(images.map((image) => expect.stringMatching(/^shop\/nano-[a-z]+:1\.2\.3$/) && image));
  });
});

describe("secretsOf()", () => {
  it("gives each service its own database login, and the owner's to the migration only", async () => {
    const secrets = Object.fromEntries(
      (await secretsOf(SETTINGS)).map((
        { metadata, stringData },
      ) => [metadata.name, stringData as Record<string, string>]),
    );
    expect(secrets["cart-secrets"]?.DATABASE_URL).toMatch(/^postgres:\/\/nano_cart:[^@]+@db\.example:5432\/nano$/);
    expect(secrets["migrate-secrets"]?.DATABASE_URL).toBe("postgres://owner:hidden@db.example:5432/nano");
    const holders = Object.entries(secrets).filter(([, data]) => JSON.stringify(data).includes("hidden"));
    expect(holders.map(([name]) => name)).toEqual(["migrate-secrets"]);
    const roleSecret = Object.entries(secrets).filter(([, data]) => data.DATABASE_ROLE_SECRET);
    expect(roleSecret.map(([name]) => name)).toEqual(["migrate-secrets"]);
    expect(Object.keys(secrets["deliver-secrets"] ?? {})).not.toContain("JWT_SECRET");
  });
});

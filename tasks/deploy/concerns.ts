import type { Settings } from "../shop/settings.ts";
import type { Manifest } from "./render.ts";

interface Policy {
  readonly egress?: { readonly ports?: readonly { readonly port?: number }[] }[];
}

/** The ports that URLs lead to where they name none. */
const PORTS: Record<string, number> = {
  "postgres:": 5432,
  "postgresql:": 5432,
  "redis:": 6379,
  "rediss:": 6379,
  "smtp:": 587,
  "smtps:": 465,
};

/** What of a production's settings would be found out only when buyers meet it; each with what mends it. */
export function concerns(settings: Settings, manifests: readonly Manifest[]): string[] {
  const found: string[] = [];
  if (!settings.TRUSTED_PROXIES) {
    found.push(
      "TRUSTED_PROXIES is not set: behind the Ingress all buyers count as one address and share its rate limits. " +
        "Set it to the network of the Ingress controller's pods.",
    );
  }
  if (!settings.REDIS_URL) {
    found.push("REDIS_URL is not set: two gateways do not share their limits, and every read goes to PostgreSQL.");
  }
  if (!settings.TLS_DIR) {
    found.push(
      "TLS_DIR is not set, so the Secrets <process>-tls must be in the cluster already, or no pod starts: make them " +
        "by deno task certs, or see k8s/overlays/production/cert-manager.example.yaml.",
    );
  }
  const open = openPorts(manifests);
  for (
    const name of ["DATABASE_URL", "DATABASE_DIRECT_URL", "DATABASE_REPLICA_URL", "REDIS_URL", "SMTP_URL"] as const
  ) {
    const url = URL.parse(settings[name] ?? "");
    const port = url && (Number(url.port) || PORTS[url.protocol]);
    if (port && !open.has(port)) {
      found.push(`${name} leads to port ${port}, which no network policy opens: name it in k8s/overlays/production/.`);
    }
  }
  return found;
}

/** The ports by which pods may leave the cluster, or reach its servers. */
function openPorts(manifests: readonly Manifest[]): Set<number> {
  const policies = manifests.filter(({ kind }) => kind === "NetworkPolicy").map(({ spec }) => spec as Policy);
  return new Set(
    policies.flatMap(({ egress = [] }) => egress.flatMap(({ ports = [] }) => ports.flatMap(({ port }) => port ?? []))),
  );
}

/**
 * `deno task deploy -- -e development|production [--dry-run] [-t <tag>] [-p <prefix of the images>]`: builds and pushes
 * the images, puts the release into the cluster that kubectl points to, and buys something on trial.
 */
import { parseArgs } from "node:util";
import { stringify } from "yaml";
import { currentCluster } from "./deploy/cluster.ts";
import { release } from "./deploy/release.ts";
import { type Manifest, type Overlay, OVERLAYS, renderRelease } from "./deploy/render.ts";
import { developmentSettings, secretsOf } from "./deploy/secrets.ts";
import { smokePurchase } from "./deploy/smoke.ts";
import { IMAGES } from "./image/contents.ts";
import { buildImages, gitRevision } from "./images.ts";
import { join } from "node:path";
import { orRefuse, Refusal } from "./shop/refusal.ts";
import { environmentWithFile, readSettings } from "./shop/settings.ts";

const OPTIONS = {
  environment: { type: "string", short: "e" },
  tag: { type: "string", short: "t" },
  prefix: { type: "string", short: "p", default: "" },
  "dry-run": { type: "boolean", default: false },
} as const;

/** What a deploy is asked to do. */
export interface Asked {
  readonly overlay: Overlay;
  readonly tag: string;
  readonly prefix: string;
  readonly dryRun: boolean;
}

/** Reads the command line. */
export async function readArguments(args: readonly string[]): Promise<Asked> {
  const { values } = parseArgs({ args: args.filter((arg) => arg !== "--"), options: OPTIONS });
  const overlay = OVERLAYS.find((name) => name === values.environment);
  if (!overlay) throw new Refusal("Say where to: deno task deploy -- -e development, or -e production.");
  const { tag = await gitRevision(), prefix, "dry-run": dryRun } = values;
  return { overlay, tag, prefix, dryRun };
}

/** The Secrets of a deploy: production's from `.env.production` or the environment, development's own. */
async function secretsFor(overlay: Overlay): Promise<Manifest[]> {
  const given = environmentWithFile(overlay === "production" ? ".env.production" : ".env");
  const settings = readSettings({ ...given, ENVIRONMENT: overlay });
  const certificates = settings.TLS_DIR ?? join(settings.DATA_DIR, "certificates", overlay);
  // Production's certificates are its own to make (deno task certs) or cert-manager's.
  if (overlay === "production") return await secretsOf(settings, settings.TLS_DIR);
  const { settings: complete, postgres } = developmentSettings(settings);
  return [...await secretsOf(complete, certificates), postgres];
}

/** What `--dry-run` shows: each command, and all manifests with their secrets masked. */
export function plan(asked: Asked, manifests: readonly Manifest[], secrets: readonly Manifest[]): string {
  const masked = secrets.map((secret) => ({
    ...secret,
    stringData: Object.fromEntries(Object.keys(secret.stringData ?? {}).map((name) => [name, "***"])),
  }));
  const names = manifests.filter(({ kind }) => kind === "Deployment").map(({ metadata }) => metadata.name);
  const push = asked.prefix ? ", and push it" : "";
  const steps = [
    ...IMAGES.map((name) =>
      `docker build --tag ${asked.prefix}nano-${name}:${asked.tag} --build-arg IMAGE=${name} .${push}`
    ),
    "kubectl apply: namespace, secrets, settings, services, network policies",
    "kubectl delete job/migrate, apply it, wait until it is complete",
    "kubectl apply: deployments",
    ...names.map((name) => `kubectl rollout status deployment/${name}`),
    "buy something on trial through kubectl port-forward service/api-gateway",
    "on failure: kubectl rollout undo each deployment",
  ];
  const texts = [...masked, ...manifests].map((manifest) => stringify(manifest, { aliasDuplicateObjects: false }));
  return [...steps.map((step, index) => `# ${index + 1}. ${step}`), "---", texts.join("---\n")].join("\n");
}

if (import.meta.main) {
  await orRefuse(async () => {
    const asked = await readArguments(Deno.args);
    const manifests = await renderRelease(asked.overlay, asked.tag, asked.prefix);
    const say = console.log;
    if (asked.dryRun) {
      const secrets = await secretsFor(asked.overlay).catch((error) => {
        if (!(error instanceof Refusal)) throw error;
        say(`# Not yet: ${error.message}`);
        return [];
      });
      return say(plan(asked, manifests, secrets));
    }
    const secrets = await secretsFor(asked.overlay);
    const cluster = await currentCluster();
    say(`deploying ${asked.tag} as ${asked.overlay} to ${cluster.context}`);
    await buildImages(IMAGES, { ...asked, push: asked.prefix !== "", say });
    await release(cluster, { manifests, secrets, smoke: smokePurchase, say });
    say("to reach it: kubectl port-forward --namespace nano-ecommerce service/api-gateway 8000:8000");
  });
}

/**
 * `deno task deploy -- -e development|production [--dry-run] [-t <tag>] [-p <prefix of the images>]`: builds and pushes
 * the images, puts the release into the cluster that kubectl points to, and buys something on trial.
 */
import { parseArgs } from "node:util";
import { stringify } from "yaml";
import { concerns } from "./deploy/concerns.ts";
import { currentCluster } from "./deploy/cluster.ts";
import { loadImages } from "./deploy/load_images.ts";
import { release } from "./deploy/release.ts";
import { type Manifest, type Overlay, OVERLAYS, renderRelease } from "./deploy/render.ts";
import { developmentSettings, secretsOf } from "./deploy/secrets.ts";
import { smokePurchase } from "./deploy/smoke.ts";
import { stamped } from "./deploy/stamp.ts";
import { IMAGES } from "./image/contents.ts";
import { buildImages, gitRevision } from "./images.ts";
import { join } from "node:path";
import { orRefuse, Refusal } from "./shop/refusal.ts";
import { environmentWithFile, readSettings, type Settings } from "./shop/settings.ts";

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
  const { tag = await newTag(), prefix, "dry-run": dryRun } = values;
  return { overlay, tag, prefix, dryRun };
}

function settingsFor(overlay: Overlay): Settings {
  const given = environmentWithFile(overlay === "production" ? ".env.production" : ".env");
  return readSettings({ ...given, ENVIRONMENT: overlay });
}

/** The commit; with changes beside it also the time, as what bears the same tag is taken for the same. */
async function newTag(): Promise<string> {
  const revision = await gitRevision();
  return revision.endsWith("-changed") ? `${revision}-${Math.floor(Date.now() / 1000)}` : revision;
}

/** The Secrets of a deploy: production's from `.env.production` or the environment, development's own. */
async function secretsFor(overlay: Overlay, settings: Settings): Promise<Manifest[]> {
  const certificates = settings.TLS_DIR ?? join(settings.DATA_DIR, "certificates", overlay);
  // Production's certificates are its own to make (deno task certs) or cert-manager's.
  if (overlay === "production") return await secretsOf(settings, settings.TLS_DIR);
  const { settings: complete, postgres } = developmentSettings(settings);
  return [...await secretsOf(complete, certificates), postgres];
}

async function secretsWith(overlay: Overlay, mind: (settings: Settings) => void): Promise<Manifest[]> {
  const settings = settingsFor(overlay);
  mind(settings);
  return await secretsFor(overlay, settings);
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
    ...asked.prefix ? [] : ["kind load docker-image, or minikube image load, where the cluster is one of these"],
    "kubectl apply: namespace, secrets, settings, services, network policies",
    "kubectl delete job/migrate, apply it, wait until it is complete",
    "kubectl apply: deployments",
    ...names.map((name) => `kubectl rollout status deployment/${name}`),
    "buy something on trial through kubectl port-forward service/api-gateway",
    "on failure: kubectl rollout undo each deployment that was changed, to the revision that it had",
  ];
  const texts = [...masked, ...manifests].map((manifest) => stringify(manifest, { aliasDuplicateObjects: false }));
  return [...steps.map((step, index) => `# ${index + 1}. ${step}`), "---", texts.join("---\n")].join("\n");
}

if (import.meta.main) {
  await orRefuse(async () => {
    const asked = await readArguments(Deno.args);
    const manifests = await renderRelease(asked.overlay, asked.tag, asked.prefix);
    const say = console.log;
    const mind = (settings: Settings) => {
      if (asked.overlay !== "production") return;
      for (const concern of concerns(settings, manifests)) say(`# Mind: ${concern}`);
    };
    if (asked.dryRun) {
      const secrets = await secretsWith(asked.overlay, mind).catch((error) => {
        if (!(error instanceof Refusal)) throw error;
        say(`# Not yet: ${error.message}`);
        return [];
      });
      return say(plan(asked, stamped(manifests, secrets), secrets));
    }
    const secrets = await secretsWith(asked.overlay, mind);
    const cluster = await currentCluster();
    say(`deploying ${asked.tag} as ${asked.overlay} to ${cluster.context}`);
    await buildImages(IMAGES, { ...asked, push: asked.prefix !== "", say });
    if (!asked.prefix) await loadImages(cluster.context, IMAGES.map((name) => `nano-${name}:${asked.tag}`), say);
    await release(cluster, { manifests: stamped(manifests, secrets), secrets, smoke: smokePurchase, say });
    say("to reach it: kubectl port-forward --namespace nano-ecommerce service/api-gateway 8000:8000");
  });
}

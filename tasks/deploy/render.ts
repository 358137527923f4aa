import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { Refusal } from "../shop/refusal.ts";
import { IMAGES } from "../image/contents.ts";

/** The project's folder. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Where a release goes: one of k8s/overlays. */
export const OVERLAYS = ["development", "production"] as const;
/** The name of one. */
export type Overlay = typeof OVERLAYS[number];

/** What of a Kubernetes object is read here. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Record<string, string> };
  readonly [field: string]: unknown;
}

/** Renders a folder of k8s/ by `kubectl kustomize`. */
export async function render(folder: string): Promise<Manifest[]> {
  return parseAllDocuments(await kustomize(join(ROOT, folder))).map((document) => document.toJS());
}

/** Renders an overlay with a release's images; `prefix` is where they were pushed (`registry.example/shop/`), or empty. */
export async function renderRelease(overlay: Overlay, tag: string, prefix = ""): Promise<Manifest[]> {
  const folder = Deno.makeTempDirSync({ dir: join(ROOT, "k8s"), prefix: ".release-" });
  try {
    const kustomization = {
      resources: [relative(folder, join(ROOT, "k8s", "overlays", overlay))],
      images: IMAGES.map((name) => ({ name: `nano-${name}`, newName: `${prefix}nano-${name}`, newTag: tag })),
    };
    // JSON is YAML.
    Deno.writeTextFileSync(join(folder, "kustomization.yaml"), JSON.stringify(kustomization));
    return parseAllDocuments(await kustomize(folder)).map((document) => document.toJS());
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

async function kustomize(folder: string): Promise<string> {
  const command = new Deno.Command("kubectl", { args: ["kustomize", folder], stdout: "piped", stderr: "piped" });
  const output = await command.output().catch((error) => {
    if (error instanceof Deno.errors.NotFound) {
      throw new Refusal("Cannot render k8s/ as there is no kubectl (1.27 or later) on PATH: install it and try again.");
    }
    throw error;
  });
  if (!output.success) throw new Refusal(`Cannot render ${folder}: ${new TextDecoder().decode(output.stderr).trim()}`);
  return new TextDecoder().decode(output.stdout);
}

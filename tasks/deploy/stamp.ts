import { createHash } from "node:crypto";
import type { Manifest } from "./render.ts";

interface Template {
  readonly template: { readonly metadata: { readonly annotations?: Record<string, string> } };
}

/**
 * Deployments whose pods carry a hash of their settings and secrets: a pod reads these when it starts, so a deploy that
 * changes nothing else must replace it all the same. Certificates are not in it: processes take new ones as they run.
 */
export function stamped(manifests: readonly Manifest[], secrets: readonly Manifest[]): Manifest[] {
  const settings = manifests.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name === "settings");
  return manifests.map((manifest) => {
    if (manifest.kind !== "Deployment") return manifest;
    const own = secrets.find(({ metadata }) => metadata.name === `${manifest.metadata.name}-secrets`);
    const content = JSON.stringify([settings?.data, own?.stringData]);
    const hash = createHash("sha256").update(content).digest("hex").slice(0, 32);
    const { template, ...spec } = manifest.spec as Template;
    const annotations = { ...template.metadata.annotations, "nano/settings": hash };
    return {
      ...manifest,
      spec: { ...spec, template: { ...template, metadata: { ...template.metadata, annotations } } },
    };
  });
}

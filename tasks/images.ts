/** `deno task images`: builds all images. -t <tag>, -p <prefix> (where they are pushed to), --push, or some names. */
import { parseArgs } from "node:util";
import { ROOT } from "./deploy/render.ts";
import { must } from "./deploy/programs.ts";
import { IMAGES } from "./image/contents.ts";
import { orRefuse, Refusal } from "./shop/refusal.ts";

/** How images are named, and where they go. */
export interface ImageOptions {
  readonly tag: string;
  /** Where they are pushed to, as `registry.example/shop/`; empty: nowhere. */
  readonly prefix: string;
  readonly push: boolean;
  readonly say: (line: string) => void;
}

/** Builds images, and pushes them where asked to. Needs a Docker engine. */
export async function buildImages(names: readonly string[], { tag, prefix, push, say }: ImageOptions): Promise<void> {
  await must("docker", ["version", "--format", "{{.Server.Version}}"], {
    otherwise: "Cannot build images as no Docker engine answers: start one, or point DOCKER_HOST to it.",
  });
  const revision = await gitRevision();
  for (const [index, name] of names.entries()) {
    const image = `${prefix}nano-${name}:${tag}`;
    say(`${index + 1}/${names.length} building ${image}`);
    const labels = [`VERSION=${tag}`, `REVISION=${revision}`, `IMAGE=${name}`].flatMap((arg) => ["--build-arg", arg]);
    await must("docker", ["build", "--quiet", "--tag", image, ...labels, ROOT]);
    if (push) await must("docker", ["push", "--quiet", image]);
  }
}

/** The commit that is checked out, short; a `+` where files were changed since. */
export async function gitRevision(): Promise<string> {
  const git = (...args: string[]) => must("git", ["-C", ROOT, ...args]);
  const changed = await git("status", "--porcelain");
  return await git("rev-parse", "--short=12", "HEAD") + (changed ? "-changed" : "");
}

if (import.meta.main) {
  await orRefuse(async () => {
    const options = {
      tag: { type: "string", short: "t", default: "development" },
      prefix: { type: "string", short: "p", default: "" },
      push: { type: "boolean", default: false },
    } as const;
    const args = Deno.args.filter((arg) => arg !== "--");
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    const unknown = positionals.filter((name) => !IMAGES.some((image) => image === name));
    if (unknown.length) throw new Refusal(`Cannot build ${unknown.join(", ")}: the images are ${IMAGES.join(", ")}.`);
    await buildImages(positionals.length ? positionals : IMAGES, { ...values, say: console.log });
  });
}

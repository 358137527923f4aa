import { must } from "./programs.ts";

/** The command that puts images of this machine into a cluster that runs on it; undefined where it has them already. */
export function loader(context: string, images: readonly string[]): [program: string, args: string[]] | undefined {
  if (context.startsWith("kind-")) {
    return ["kind", ["load", "docker-image", "--name", context.slice("kind-".length), ...images]];
  }
  if (context === "minikube") return ["minikube", ["image", "load", ...images]];
  return undefined;
}

/** Puts images into a cluster of kind or minikube, which do not see those of the Docker engine they run on. */
export async function loadImages(context: string, images: readonly string[], say: (line: string) => void) {
  const command = loader(context, images);
  if (!command) return say("the images are pushed nowhere: the cluster must share this Docker engine, or give -p");
  const [program, args] = command;
  say(`putting the images into ${context}`);
  await must(program, args, { otherwise: `Cannot put the images into ${context} as there is no ${program} on PATH.` });
}

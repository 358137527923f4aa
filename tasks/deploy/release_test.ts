import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { plan } from "../deploy.ts";
import type { Cluster } from "./cluster.ts";
import { release } from "./release.ts";
import type { Manifest } from "./render.ts";
import type { Smoke } from "./smoke.ts";

const manifest = (kind: string, name: string): Manifest => ({ apiVersion: "v1", kind, metadata: { name } });

const MANIFESTS = [
  manifest("Namespace", "shop"),
  manifest("Deployment", "user"),
  manifest("Deployment", "cart"),
  manifest("Service", "user"),
  manifest("Job", "migrate"),
];
const SECRETS = [{ ...manifest("Secret", "user-secrets"), stringData: { JWT_SECRET: "hush" } }];

/** A cluster that tells what was done to it, and fails where it is told to. */
function cluster(failing?: string): Cluster & { done: string[] } {
  const done: string[] = [];
  const act = (what: string) => {
    done.push(what);
    return what === failing ? Promise.reject(new Error(`${what} failed`)) : Promise.resolve();
  };
  return {
    context: "test",
    done,
    apply: (some) => act(`apply ${some.map(({ kind, metadata: { name } }) => `${kind}/${name}`).join(" ")}`),
    runJob: ({ metadata: { name } }) => act(`run ${name}`),
    rolledOut: (name) => act(`await ${name}`),
    revision: () => Promise.resolve("7"),
    rollBack: (name, revision) => act(`undo ${name} to ${revision}`),
    forward: async (service, port, work) => {
      await act(`forward ${service}:${port}`);
      return await work("http://127.0.0.1:1");
    },
  };
}

const bought = (): Promise<Smoke> => Promise.resolve({ bought: true, what: "bought" });
const into = (to: Cluster, smoke: () => Promise<Smoke> = bought) =>
  release(to, { manifests: MANIFESTS, secrets: SECRETS, smoke, say: () => {} });

describe("release()", () => {
  it("migrates before any pod is replaced, and buys something at the end", async () => {
    const to = cluster();
    await into(to);
    expect(to.done).toEqual([
      "apply Namespace/shop",
      "apply Secret/user-secrets Service/user",
      "run migrate",
      "apply Deployment/user Deployment/cart",
      "await user",
      "await cart",
      "forward api-gateway:8000",
    ]);
  });

  it("leaves the pods alone when the migration fails", async () => {
    const to = cluster("run migrate");
    await expect(into(to)).rejects.toThrow("run migrate failed");
    expect(to.done.at(-1)).toBe("run migrate");
  });

  it("rolls all back when one does not come up, or the purchase fails", async () => {
    const stuck = cluster("await cart");
    await expect(into(stuck)).rejects.toThrow("await cart failed");
    expect(stuck.done.slice(-2)).toEqual(["undo user to 7", "undo cart to 7"]);

    const broken = cluster();
    await expect(into(broken, () => Promise.reject(new Error("no purchase")))).rejects.toThrow("no purchase");
    expect(broken.done.slice(-2)).toEqual(["undo user to 7", "undo cart to 7"]);
  });
});

describe("plan()", () => {
  it("shows every step and no secret", () => {
    const text = plan({ overlay: "production", tag: "1.2.3", prefix: "shop/", dryRun: true }, MANIFESTS, SECRETS);
    expect(text).toContain("docker build --tag shop/nano-gateway:1.2.3 --build-arg IMAGE=gateway ., and push it");
    expect(text).toContain("kubectl rollout status deployment/cart");
    expect(text).toContain('JWT_SECRET: "***"');
    expect(text).not.toContain("hush");
  });
});

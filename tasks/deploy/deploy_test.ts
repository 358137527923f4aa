import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { readSettings } from "../shop/settings.ts";
import { concerns } from "./concerns.ts";
import { loader } from "./load_images.ts";
import type { Manifest } from "./render.ts";
import { stamped } from "./stamp.ts";

const POLICY: Manifest = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "out" },
  spec: { egress: [{ ports: [{ port: 5432 }, { port: 6379 }] }] },
};
const GIVEN = {
  ENVIRONMENT: "production",
  DATABASE_URL: "postgres://owner:x@db.example/nano",
  JWT_SECRET: "kXq3vT8yRbN5wZc7Lm2Hd9Pf4Gs6Jt1AeUo0iBnKxQrVyWzE",
  DATABASE_ROLE_SECRET: "aXq3vT8yRbN5wZc7Lm2Hd9Pf4Gs6Jt1AeUo0iBnKxQrVyWzE",
  REDIS_URL: "redis://cache.example",
  TRUSTED_PROXIES: "10.0.0.0/8",
  TLS_DIR: "/certificates",
};

describe("concerns()", () => {
  const about = (changes: Record<string, string>) =>
    concerns(readSettings({ ...GIVEN, ...changes }), [POLICY]).map((text) => text.split(" ")[0]);

  it("is silent about settings that fit", () => {
    expect(about({})).toEqual([]);
  });

  it("names what buyers would meet first", () => {
    expect(about({ TRUSTED_PROXIES: "", REDIS_URL: "", TLS_DIR: "" })).toEqual([
      "TRUSTED_PROXIES",
      "REDIS_URL",
      "TLS_DIR",
    ]);
  });

  it("names servers on ports that no policy opens", () => {
    const changes = {
      DATABASE_URL: "postgres://owner:x@db.example:25060/nano",
      REDIS_URL: "rediss://cache.example:6380",
    };
    expect(about(changes)).toEqual(["DATABASE_URL", "REDIS_URL"]);
  });
});

describe("stamped()", () => {
  const deployment = (name: string): Manifest => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: { replicas: 2, template: { metadata: { annotations: { kept: "yes" } }, spec: {} } },
  });
  const secret = (name: string, value: string): Manifest => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: `${name}-secrets` },
    stringData: { JWT_SECRET: value },
  });
  const stampOf = (manifest: Manifest | undefined) => {
    const { template } = manifest?.spec as { template: { metadata: { annotations: Record<string, string> } } };
    return template.metadata.annotations;
  };

  it("replaces the pods whose secrets change, and no others", () => {
    const both = [deployment("user"), deployment("cart")];
    const before = stamped(both, [secret("user", "a"), secret("cart", "b")]).map(stampOf);
    const after = stamped(both, [secret("user", "c"), secret("cart", "b")]).map(stampOf);
    expect(after[0]?.["nano/settings"]).not.toBe(before[0]?.["nano/settings"]);
    expect(after[1]).toEqual(before[1]);
    expect(before[0]).toMatchObject({ kept: "yes", "nano/settings": expect.stringMatching(/^[\da-f]{32}$/) });
  });
});

describe("loader()", () => {
  it("knows the clusters that do not see the engine's images", () => {
    expect(loader("kind-shop", ["nano-user:1"])).toEqual([
      "kind",
      ["load", "docker-image", "--name", "shop", "nano-user:1"],
    ]);
    expect(loader("minikube", ["nano-user:1"])).toEqual(["minikube", ["image", "load", "nano-user:1"]]);
    expect(loader("docker-desktop", ["nano-user:1"])).toBeUndefined();
  });
});

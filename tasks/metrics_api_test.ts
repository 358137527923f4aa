import { before, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { call, operator } from "../services/gateway/testing.ts";
import { testShop } from "../services/shared/testing.ts";
import { processNames, SERVICES } from "./processes.ts";

/** A row of services/METRICS.md. */
interface Row {
  name: string;
  type: string;
  labels: string[];
  processes: string[];
  optional: boolean;
}

/** What the words of the table's column stand for. */
const GROUPS: Record<string, readonly string[]> = {
  all: processNames(),
  data: SERVICES,
  rpc: [...SERVICES, "deliver"],
};

function table(): Row[] {
  const lines = Deno.readTextFileSync(new URL("../services/METRICS.md", import.meta.url)).split("\n");
  return lines.filter((line) => line.startsWith("| `")).map((line) => {
    const [name = "", type = "", labels = "", processes = ""] = line.split("|").slice(1).map((cell) => cell.trim());
    const words = processes.replace(", with TLS_DIR", "").split(", ");
    return {
      name: name.replaceAll("`", ""),
      type,
      labels: labels.split(", ").filter(Boolean),
      processes: words.flatMap((word) => GROUPS[word] ?? [word]),
      optional: processes.includes("with TLS_DIR"),
    };
  });
}

/** A sample: the metric's name without a histogram's suffix, and its labels but `le`. */
interface Sample {
  name: string;
  labels: Record<string, string>;
}

function parse(text: string): { types: Map<string, string>; samples: Sample[] } {
  const types = new Map<string, string>();
  const samples: Sample[] = [];
  for (const line of text.split("\n")) {
    const [, name = "", type = ""] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (name) types.set(name, type);
    if (line.startsWith("#") || line.trim() === "") continue;
    const [, full = "", inner = ""] = /^([\w:]+)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
    const base = full.replace(/_(bucket|sum|count)$/, "");
    const labels = [...inner.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = "", value = ""]) => [key, value]);
    samples.push({
      name: types.get(base) === "histogram" ? base : full,
      labels: Object.fromEntries(labels.filter(([key]) => key !== "le")),
    });
  }
  return { types, samples };
}

describe("/metrics", () => {
  const rows = table();
  const served = new Map<string, ReturnType<typeof parse>>();

  before(async () => {
    const admin = await operator();
    // What a client makes up must not become a label.
    const odd = crypto.randomUUID();
    await call(admin, "GET", `/orders/${odd}`);
    await call({ store: "no-such-store" }, "GET", "/products");
    await call({}, "GET", `/nowhere/${odd}`);
    await call({}, "PROPFIND", "/products");
    await (await fetch(new URL("/healthz", testShop().gateway))).body?.cancel();
    await call({}, "POST", "/payments/webhooks/nobody", {});
    for (const [method, path] of [["GET", `/orders/${odd}`], ["GET", `/nowhere/${odd}`], ["PROPFIND", "/orders"]]) {
      const response = await fetch(new URL(path ?? "", Deno.env.get("TEST_ADMIN_URL")), {
        method: method ?? "",
        redirect: "manual",
      });
      await response.body?.cancel();
    }
    for (const [name, address] of Object.entries(testShop().health)) {
      served.set(name, parse(await (await fetch(`${address}/metrics`)).text()));
    }
  });

  it("of every process is scraped", () => {
    expect([...served.keys()].sort()).toEqual([...processNames()].sort());
  });

  for (const name of processNames()) {
    it(`of ${name} has each row of services/METRICS.md that names it, and nothing else`, () => {
      const expected = rows.filter(({ processes, optional }) => processes.includes(name) && !optional);
      expect([...served.get(name)?.types ?? []].sort()).toEqual(expected.map(({ name, type }) => [name, type]).sort());
    });
  }

  it("have just the labels of the table", () => {
    const labelsOf = new Map(rows.map((row) => [row.name, [...row.labels].sort().join()]));
    const wrong = [...served].flatMap(([process, { samples }]) =>
      samples.filter(({ name, labels }) => Object.keys(labels).sort().join() !== labelsOf.get(name))
        .map(({ name, labels }) => `${process}: ${name} ${Object.keys(labels)}`)
    );
    expect([...new Set(wrong)]).toEqual([]);
  });

  it("hold nothing of what a client sent: no id, no path, no method of its own", () => {
    const values = [...served.values()].flatMap(({ samples }) =>
      samples.flatMap(({ labels }) => Object.values(labels))
    );
    const odd = values.filter((value) => /[\da-f]{8}-[\da-f]{4}-|@|no-such-store|nowhere|PROPFIND/.test(value));
    expect([...new Set(odd)]).toEqual([]);
    expect(values).toContain("/orders/:id");
    expect(values).toContain("/healthz");
    expect(values).toContain("/payments/webhooks/:provider");
    expect(values).toContain("other");
  });

  it("tell the console's pages apart by their templates", () => {
    const routes = served.get("admin")?.samples.filter(({ name }) => name === "nano_console_request_duration_seconds")
      .map(({ labels: { method, route, status } }) => `${method} ${route} ${status}`) ?? [];
    expect(routes).toContain("GET /orders/:id 3xx");
    expect(routes).toContain("GET other 4xx");
  });

  it("show that every service with an audit log seals it", () => {
    const sealing = SERVICES.filter((name) =>
      served.get(name)?.samples.some(({ labels }) => labels.job === "seal_audit")
    );
    const migrations = (name: string) => [...Deno.readDirSync(new URL(`../db/migrations/${name}`, import.meta.url))];
    const audited = SERVICES.filter((name) => migrations(name).some((file) => file.name.endsWith("_audit_seals.sql")));
    expect(sealing).toEqual(audited);
  });

  it("tell at most 21 stores apart", () => {
    const stores = served.get("order")?.samples.filter(({ name }) => name === "nano_orders") ?? [];
    expect(stores.length).toBeGreaterThan(0);
    expect(new Set(stores.map(({ labels }) => labels.store)).size).toBeLessThanOrEqual(21);
  });
});

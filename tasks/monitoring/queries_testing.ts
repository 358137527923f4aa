/** For tests only: the queries of dashboards and rules, and what metrics they may name. */
import { join } from "node:path";
import { parser } from "@prometheus-io/lezer-promql";
import { parse } from "yaml";
import { ROOT } from "../deploy/render.ts";

export const MONITORING = join(ROOT, "k8s", "monitoring");

/** A query, and where it stands. */
export interface Query {
  readonly where: string;
  readonly text: string;
}

interface Panel {
  readonly type: string;
  readonly title: string;
  readonly targets?: { readonly expr: string; readonly refId: string }[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly templating: { readonly list: { readonly name: string; readonly query: string }[] };
  readonly panels: (Panel & { readonly gridPos: { x: number; y: number; w: number; h: number } })[];
}

export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: { readonly severity?: string };
  readonly annotations?: { readonly summary?: string; readonly runbook?: string };
}

/** Reads a file of k8s/monitoring. */
export function read(name: string): string {
  return Deno.readTextFileSync(join(MONITORING, name));
}

export function dashboards(): Dashboard[] {
  const names = [...Deno.readDirSync(join(MONITORING, "grafana/dashboards"))].map(({ name }) => name).sort();
  return names.map((name) => JSON.parse(read(`grafana/dashboards/${name}`)));
}

export function rules(): Rule[] {
  return ["slo", "alerts"].flatMap((name) => {
    const { groups } = parse(read(`prometheus/${name}.yaml`)) as { groups: { rules: Rule[] }[] };
    return groups.flatMap((group) => group.rules);
  });
}

/** What a variable of Grafana's stands for, so that the text is a query. */
const VARIABLES: Record<string, string> = { $__rate_interval: "1m", $process: "order", $store: ".*" };

/** Every query of the dashboards, their variables filled in. */
export function dashboardQueries(): Query[] {
  return dashboards().flatMap(({ title, panels, templating }) => [
    ...panels.flatMap((panel) =>
      (panel.targets ?? []).map(({ expr }) => ({ where: `${title}: ${panel.title}`, text: fill(expr) }))
    ),
    ...templating.list.map(({ name, query }) => ({
      where: `${title}: $${name}`,
      text: fill(query.replace(/^label_values\((.+), (\w+)\)$/, "count by ($2) ($1)")),
    })),
  ]);
}

function fill(query: string): string {
  return query.replace(/\$\w+/g, (name) => VARIABLES[name] ?? name);
}

/** Every query of the rules. */
export function ruleQueries(): Query[] {
  return rules().map(({ alert, record, expr }) => ({ where: alert ?? record ?? "", text: expr }));
}

/** What a query names: its metrics, each with the labels that select it, and the labels that group or join. */
export interface Names {
  readonly selectors: { readonly metric: string; readonly labels: readonly string[] }[];
  readonly groupings: readonly string[];
}

/** Reads a query by Prometheus's own grammar; what is no query throws. */
export function namesOf(query: string): Names {
  const selectors: { metric: string; labels: string[] }[] = [];
  const groupings: string[] = [];
  parser.parse(query).iterate({
    enter({ name, from, to, node }) {
      if (name === "⚠") throw new Error(`is no PromQL at ${from}: ${query}`);
      const text = query.slice(from, to);
      if (name === "VectorSelector") {
        const metric = node.getChild("Identifier");
        selectors.push({ metric: metric ? query.slice(metric.from, metric.to) : "", labels: [] });
      } else if (name === "LabelName") {
        if (node.parent?.name === "GroupingLabels") groupings.push(text);
        else selectors.at(-1)?.labels.push(text);
      }
    },
  });
  return { selectors, groupings };
}

/** services/METRICS.md, as each name that Prometheus stores with the labels that it has. */
export function metricsTable(): Map<string, readonly string[]> {
  const table = new Map<string, string[]>();
  for (const line of Deno.readTextFileSync(join(ROOT, "services", "METRICS.md")).split("\n")) {
    const [, name, type, labels = ""] = /^\| `(\w+)` \| (\w+) \| ([^|]*)\|/.exec(line) ?? [];
    if (!name) continue;
    const own = labels.split(",").map((label) => label.trim()).filter(Boolean);
    if (type !== "histogram") table.set(name, own);
    else {for (const suffix of ["_bucket", "_sum", "_count"]) {
        table.set(name + suffix, suffix === "_bucket" ? [...own, "le"] : own);
      }}
  }
  return table;
}

/** The labels that the scrape adds to every metric: see k8s/monitoring/prometheus. */
const TARGET = ["job", "instance", "process"];

/** What is wrong with a query: what Prometheus does not understand, and what no process serves. */
export function faultsOf({ where, text }: Query, table: ReadonlyMap<string, readonly string[]>): string[] {
  let names: Names;
  try {
    names = namesOf(text);
  } catch (error) {
    return [`${where} ${(error as Error).message}`];
  }
  const known = new Set<string>();
  const faults = names.selectors.flatMap(({ metric, labels }) => {
    const own = table.get(metric);
    if (!own) return [`${where} asks for ${metric || "no metric"}, which no process serves`];
    const all = [...own, ...TARGET];
    all.forEach((label) => known.add(label));
    return labels.filter((label) => !all.includes(label)).map((label) => `${where}: ${metric} has no label ${label}`);
  });
  const strange = names.groupings.filter((label) => !known.has(label));
  return [...faults, ...strange.map((label) => `${where} groups by ${label}, which none of its metrics has`)];
}

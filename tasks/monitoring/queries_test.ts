import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { parse } from "yaml";
import { PROCESSES } from "../processes.ts";
import {
  dashboardQueries,
  dashboards,
  faultsOf,
  metricsTable,
  namesOf,
  read,
  ruleQueries,
  rules,
} from "./queries_testing.ts";

/** What is served, what rules record, and what Prometheus adds. */
const table = new Map([
  ...metricsTable(),
  ...rules().map(({ record }) => [record ?? "", []] as const),
  ["up", []],
  ["ALERTS", ["alertname", "alertstate", "severity"]],
]);

describe("namesOf()", () => {
  it("finds metrics with their labels, and groupings", () => {
    expect(
      namesOf('sum by (le, route) (rate(a_bucket{status=~"5..", x!="{y}"}[5m] offset 1h)) / on(job) b{z="1"} > 0.5'),
    )
      .toEqual({
        selectors: [{ metric: "a_bucket", labels: ["status", "x"] }, { metric: "b", labels: ["z"] }],
        groupings: ["le", "route", "job"],
      });
  });

  it("refuses what is no query", () => {
    expect(() => namesOf("sum(a")).toThrow("is no PromQL");
  });
});

describe("faultsOf()", () => {
  const faults = (text: string) => faultsOf({ where: "here", text }, new Map([["a", ["x"]]]));

  it("finds a metric, a label and a grouping that do not exist", () => {
    expect(faults("b")).toEqual(["here asks for b, which no process serves"]);
    expect(faults('a{y="1", process="order"}')).toEqual(["here: a has no label y"]);
    expect(faults("sum by (x, z) (a)")).toEqual(["here groups by z, which none of its metrics has"]);
    expect(faults("sum by (x) (a)")).toEqual([]);
  });
});

describe("the dashboards", () => {
  it("ask for what services/METRICS.md has, with its labels", () => {
    expect(dashboardQueries().length).toBeGreaterThan(70);
    expect(dashboardQueries().flatMap((query) => faultsOf(query, table))).toEqual([]);
  });

  it("are four, whose panels do not lie upon each other", () => {
    expect(dashboards().map(({ title }) => title)).toEqual(["Business", "Jobs and payments", "Platform", "Service"]);
    for (const { title, panels } of dashboards()) {
      const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
        Array.from({ length: w * h }, (_, index) => `${title} ${x + index % w},${y + Math.floor(index / w)}`)
      );
      expect(cells.length - new Set(cells).size).toBe(0);
      expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w))).toBe(24);
    }
  });

  it("show each of the shop's own metrics somewhere", () => {
    const shown = [...dashboardQueries(), ...ruleQueries()].map(({ text }) => text).join("\n");
    const hidden = [...metricsTable().keys()].map((name) => name.replace(/_(bucket|sum|count)$/, ""))
      .filter((name) => name.startsWith("nano_") && !shown.includes(name));
    expect([...new Set(hidden)]).toEqual([]);
  });
});

describe("the rules", () => {
  const alerts = rules().filter(({ alert }) => alert);

  it("ask for what services/METRICS.md has, with its labels", () => {
    expect(ruleQueries().flatMap((query) => faultsOf(query, table))).toEqual([]);
  });

  it("say of each alert what it is about, how bad that is, and where to read on", () => {
    const headings = [...read("RUNBOOK.md").matchAll(/^## (\w+)\n(.{100,})$/gm)].map(([, name]) => name);
    expect(headings).toEqual(alerts.map(({ alert }) => alert));
    for (const { alert, labels, annotations } of alerts) {
      expect(["critical", "warning"]).toContain(labels?.severity);
      expect(annotations?.summary?.length).toBeGreaterThan(15);
      expect(annotations?.runbook).toBe(`k8s/monitoring/RUNBOOK.md#${alert?.toLowerCase()}`);
    }
  });

  it("miss each process by its name", () => {
    const missing = alerts.find(({ alert }) => alert === "ProcessMissing")?.expr ?? "";
    const named = [...missing.matchAll(/process="(\w+)"/g)].map(([, name]) => name);
    expect(named.sort()).toEqual(PROCESSES.map(({ name }) => name).sort());
  });

  it("have two tests each: one that is quiet, one that fires", () => {
    interface Tests {
      tests: { name: string; promql_expr_test: { expr: string; exp_samples: unknown[] }[] }[];
    }
    const { tests } = parse(read("prometheus/alerts_test.yaml")) as Tests;
    expect(tests.map(({ name }) => name)).toEqual(alerts.map(({ alert }) => alert));
    for (const { name, promql_expr_test } of tests) {
      expect(promql_expr_test.every(({ expr }) => expr.includes(`"${name}"`))).toBe(true);
      expect(promql_expr_test.map(({ exp_samples }) => exp_samples.length)).toEqual([0, 1]);
    }
  });
});

describe("prometheus/compose.yaml", () => {
  it("scrapes each process where it serves its metrics", () => {
    interface Config {
      scrape_configs: { static_configs: { targets: string[] }[] }[];
    }
    const { scrape_configs } = parse(read("prometheus/compose.yaml")) as Config;
    const targets = scrape_configs.flatMap(({ static_configs }) => static_configs.flatMap(({ targets }) => targets));
    expect(targets.sort()).toEqual(PROCESSES.map(({ name, httpPort }) => `${name}:${httpPort}`).sort());
  });
});

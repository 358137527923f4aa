import { after, before, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { parse } from "yaml";
import { call } from "../../services/gateway/testing.ts";
import { testShop } from "../../services/shared/testing.ts";
import { nameInCluster } from "../deploy/secrets.ts";
import { processNames } from "../processes.ts";
import { Prometheus } from "./prometheus_testing.ts";
import { dashboardQueries, read, ruleQueries, rules } from "./queries_testing.ts";

/** As the cluster would find the pods: one entry for each of their ports, and one that does not want to be scraped. */
function pods() {
  const found = Object.entries(testShop().health).flatMap(([name, address]) =>
    ["grpc", "health"].map((port) => ({
      targets: ["127.0.0.1:1"],
      labels: {
        __meta_kubernetes_pod_ip: "127.0.0.1",
        __meta_kubernetes_pod_phase: "Running",
        __meta_kubernetes_pod_name: `${nameInCluster(name)}-5d8f`,
        __meta_kubernetes_pod_container_port_name: port,
        __meta_kubernetes_pod_annotation_prometheus_io_scrape: "true",
        __meta_kubernetes_pod_annotation_prometheus_io_port: new URL(address).port,
        __meta_kubernetes_pod_annotation_prometheus_io_path: "/metrics",
        __meta_kubernetes_pod_label_app_kubernetes_io_name: nameInCluster(name),
      },
    }))
  );
  return [...found, {
    targets: ["127.0.0.1:1"],
    labels: { __meta_kubernetes_pod_phase: "Running", __meta_kubernetes_pod_container_port_name: "health" },
  }];
}

describe("a Prometheus on a running shop", () => {
  let prometheus: Prometheus;
  before(async () => {
    const { scrape_configs: [scrape] } = parse(read("prometheus/kubernetes.yaml"));
    delete scrape.kubernetes_sd_configs;
    prometheus = await Prometheus.start({ ...scrape, static_configs: pods() });
    const total = processNames().length;
    await prometheus.until(async () => (await prometheus.query('up{job="nano"} == 1')).length >= total);
    await call({}, "GET", "/products");
    // A rate needs two scrapes.
    await prometheus.until(async () =>
      (await prometheus.query("count_over_time(nano_http_requests_under_way[1m]) >= 3")).length > 0 &&
      (await prometheus.rules()).every(({ health }) => health !== "unknown")
    );
  });
  after(() => prometheus?.stop());

  it("finds each process once, up, by its name", async () => {
    const up = await prometheus.query("up");
    expect(up.map(({ metric, value: [, value] }) => [metric.process, metric.job, value]).sort()).toEqual(
      processNames().map((name) => [name, "nano", "1"]).sort(),
    );
  });

  it("answers each query of the dashboards", async () => {
    const empty: string[] = [];
    for (const { where, text } of dashboardQueries()) {
      const samples = await prometheus.query(text).catch((error) => {
        throw new Error(`${where}: ${error.message}`);
      });
      if (samples.length === 0) empty.push(where);
    }
    // What of these has a value hangs on what other tests did; but nothing that any shop has may be empty.
    const sure = [
      "Platform: Processes up",
      "Platform: Requests by status",
      "Service: Database pool",
      "Service: $process",
    ];
    expect(sure.filter((where) => empty.includes(where))).toEqual([]);
    expect(empty.length).toBeLessThan(dashboardQueries().length / 2);
  });

  it("evaluates each rule without an error", async () => {
    const loaded = await prometheus.rules();
    expect(loaded.length).toBe(rules().length);
    expect(loaded.filter(({ health }) => health !== "ok")).toEqual([]);
    for (const { where, text } of ruleQueries()) {
      await prometheus.query(text).catch((error) => {
        throw new Error(`${where}: ${error.message}`);
      });
    }
  });

  it("keeps the jobs' own names", async () => {
    const jobs = await prometheus.query('count by (job) (nano_jobs_waiting{process="order"})');
    expect(jobs.length).toBeGreaterThan(1);
    expect(jobs.map(({ metric }) => metric.job)).not.toContain("nano");
  });
});

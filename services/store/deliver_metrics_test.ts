import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { createLog } from "../shared/log.ts";
import { registry } from "../shared/metrics.ts";
import { observeOutgoing } from "./deliver_metrics.ts";

const lines: string[] = [];
const log = createLog("deliver", { LOG_LEVEL: "INFO" }, { write: (line: string) => void lines.push(line) });
const observed = observeOutgoing(log);

async function counted(): Promise<Record<string, number>> {
  const { values } = await registry.getSingleMetric("nano_outgoing_request_duration_seconds")!.get();
  const counts = values.filter((value) => (value as { metricName?: string }).metricName?.endsWith("_count"));
  return Object.fromEntries(counts.map(({ labels: { kind, outcome }, value }) => [`${kind} ${outcome}`, value]));
}

describe("observeOutgoing()", () => {
  it("counts requests by kind and what came of them, whatever others make up", async () => {
    for (const answer of [{ status: 204 }, { status: 503 }, { error: "timed_out" }, { status: 999 }]) {
      expect(await observed("webhook", "https://shop.example/hook", () => Promise.resolve(answer))).toBe(answer);
    }
    await observed("image", "https://shop.example/a.png", () => Promise.resolve({ error: "made up by a server" }));
    expect(await counted()).toEqual({
      "webhook 2xx": 1,
      "webhook 5xx": 1,
      "webhook timed_out": 1,
      "webhook other": 1,
      "image other": 1,
    });
  });

  it("logs the host, and nothing else of a URL that may be secret", async () => {
    lines.length = 0;
    await observed("webhook", "https://hooks.example/T0/SECRET?token=x", () => Promise.resolve({ status: 200 }));
    expect(JSON.parse(lines[0] ?? "{}")).toMatchObject({
      message: "webhook to hooks.example: 200",
      destination: { domain: "hooks.example" },
      event: { outcome: "success" },
    });
    expect(lines.join()).not.toContain("SECRET");
  });
});

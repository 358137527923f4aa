import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { Histogram, Registry } from "prom-client";
import { Durations } from "./durations.ts";

describe("Durations", () => {
  it("is shown to the byte as prom-client's histogram is", async () => {
    const [ours, theirs] = [new Registry(), new Registry()];
    const [name, help, buckets] = ["nano_test_seconds", 'A "test", with\nlines.', [0.001, 0.0025, 1, 10]];
    const durations = new Durations(name, help, ["method", "status"], buckets, ours);
    const histogram = new Histogram({ name, help, labelNames: ["method", "status"], buckets, registers: [theirs] });
    expect(await ours.metrics()).toBe(await theirs.metrics());
    for (const seconds of [0, 0.001, 0.0011, 0.5, 1, 3, 10, 11, 0.25]) {
      for (const labels of [{ method: "a", status: "OK" }, { status: 'N"O\\', method: "b\n" }]) {
        durations.observe(labels, seconds);
        histogram.observe(labels, seconds);
      }
    }
    expect(await ours.metrics()).toBe(await theirs.metrics());
  });

  it("without labels is there from the start, as prom-client's is", async () => {
    const [ours, theirs] = [new Registry(), new Registry()];
    const durations = new Durations("nano_wait_seconds", "Waits.", [], [0.1, 1], ours);
    const histogram = new Histogram({
      name: "nano_wait_seconds",
      help: "Waits.",
      buckets: [0.1, 1],
      registers: [theirs],
    });
    expect(await ours.metrics()).toBe(await theirs.metrics());
    for (const seconds of [0, 0.5, 2]) {
      durations.observe(seconds);
      histogram.observe(seconds);
    }
    expect(await ours.metrics()).toBe(await theirs.metrics());
  });

  it("refuses a second of the same name", () => {
    const registry = new Registry();
    new Durations("nano_twice_seconds", "Once.", [], [1], registry);
    expect(() => new Durations("nano_twice_seconds", "Twice.", [], [1], registry)).toThrow("already been registered");
  });
});

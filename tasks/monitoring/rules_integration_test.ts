import { before, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { debianProgram } from "../test/debian_program.ts";
import { MONITORING, read } from "./queries_testing.ts";

describe("promtool", () => {
  let promtool: string;
  before(async () => {
    promtool = await debianProgram("promtool", "prometheus");
  });

  /** Gives what it said where it was not content. */
  async function says(...args: string[]): Promise<string> {
    const { success, stdout, stderr } = await new Deno.Command(promtool, { args }).output();
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    return success ? "" : text;
  }

  const file = (name: string) => join(MONITORING, "prometheus", name);

  it("finds no error in the rules", async () => {
    expect(await says("check", "rules", file("slo.yaml"), file("alerts.yaml"))).toBe("");
  });

  it("sees each alert fire when it should, and be quiet before", async () => {
    expect(await says("test", "rules", file("alerts_test.yaml"))).toBe("");
  });

  it("would see an alert that does not fire", async () => {
    const folder = Deno.makeTempDirSync();
    try {
      Deno.copyFileSync(file("slo.yaml"), join(folder, "slo.yaml"));
      const tests = parse(read("prometheus/alerts_test.yaml")) as { tests: { name: string }[] };
      const one = { ...tests, tests: tests.tests.filter(({ name }) => name === "LedgerDifference") };
      Deno.writeTextFileSync(join(folder, "alerts_test.yaml"), stringify(one));
      const broken = read("prometheus/alerts.yaml").replace(
        "(nano_ledger_difference) > 0",
        "(nano_ledger_difference) > 99",
      );
      Deno.writeTextFileSync(join(folder, "alerts.yaml"), broken);
      expect(await says("test", "rules", join(folder, "alerts_test.yaml"))).toContain("LedgerDifference");
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  });

  it("finds no error in the configurations", async () => {
    expect(await says("check", "config", "--syntax-only", file("compose.yaml"))).toBe("");
    // Debian's build knows no Kubernetes: all but the discovery itself is looked at.
    const config = parse(read("prometheus/kubernetes.yaml")) as { scrape_configs: Record<string, unknown>[] };
    for (const scrape of config.scrape_configs) delete scrape.kubernetes_sd_configs;
    const path = Deno.makeTempFileSync({ suffix: ".yaml" });
    Deno.writeTextFileSync(path, stringify(config));
    expect(await says("check", "config", "--syntax-only", path)).toBe("");
    Deno.removeSync(path);
  });
});

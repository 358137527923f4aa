/** For tests only: a real Prometheus on the shop's own configuration. */
import { join } from "node:path";
import { stringify } from "yaml";
import { findPort } from "../shop/ports.ts";
import { delay } from "../shop/children.ts";
import { debianProgram } from "../test/debian_program.ts";
import { MONITORING } from "./queries_testing.ts";

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

export interface LoadedRule {
  readonly name: string;
  readonly health: string;
  readonly lastError?: string;
}

/** A Prometheus with the given way to find what it scrapes, and with the shop's rules, each second. */
export class Prometheus {
  private constructor(
    private readonly url: string,
    private readonly child: Deno.ChildProcess,
    private readonly folder: string,
  ) {}

  static async start(scrape: Record<string, unknown>): Promise<Prometheus> {
    const program = await debianProgram("prometheus");
    const folder = Deno.makeTempDirSync({ prefix: "nano-prometheus-" });
    const address = `127.0.0.1:${findPort()}`;
    const config = {
      global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
      rule_files: ["slo", "alerts"].map((name) => join(MONITORING, "prometheus", `${name}.yaml`)),
      scrape_configs: [scrape],
    };
    Deno.writeTextFileSync(join(folder, "prometheus.yaml"), stringify(config));
    const child = new Deno.Command(program, {
      args: [
        `--config.file=${folder}/prometheus.yaml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=${address}`,
      ],
      stdout: "null",
      stderr: "null",
    }).spawn();
    return new Prometheus(`http://${address}`, child, folder);
  }

  /** The answer to a query now; an error is thrown with its text. */
  async query(text: string): Promise<Sample[]> {
    return (await this.#get<{ result: Sample[] }>(`query?query=${encodeURIComponent(text)}`)).result;
  }

  async rules(): Promise<LoadedRule[]> {
    const { groups } = await this.#get<{ groups: { rules: LoadedRule[] }[] }>("rules");
    return groups.flatMap(({ rules }) => rules);
  }

  /** Asks again until it is so, for up to 30 s. */
  async until(isSo: () => Promise<boolean>): Promise<void> {
    for (const end = Date.now() + 30_000; Date.now() < end; await delay(200)) {
      if (await isSo().catch(() => false)) return;
    }
    throw new Error("Prometheus did not come to it in 30 s.");
  }

  async stop(): Promise<void> {
    this.child.kill("SIGTERM");
    await this.child.status;
    Deno.removeSync(this.folder, { recursive: true });
  }

  async #get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.url}/api/v1/${path}`);
    const answer = await response.json();
    if (answer.status !== "success") throw new Error(answer.error);
    return answer.data;
  }
}

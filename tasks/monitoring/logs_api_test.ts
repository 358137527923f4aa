import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { join } from "node:path";
import { parse } from "yaml";
import { testShop } from "../../services/shared/testing.ts";
import { processNames } from "../processes.ts";
import { read } from "./queries_testing.ts";

interface Mapping {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Mapping>>;
}

/** What a value's field may be in Elasticsearch. */
const FITTING: Record<string, readonly string[]> = {
  string: ["keyword", "match_only_text", "wildcard", "date"],
  number: ["long", "short"],
};

const { template: { mappings }, index_patterns } = JSON.parse(read("logs/template.json")) as {
  template: { mappings: Mapping };
  index_patterns: string[];
};

function mapped(path: string): Mapping | undefined {
  return path.split(".").reduce<Mapping | undefined>((at, name) => at?.properties?.[name], mappings);
}

/** The fields of a line, by their full names. */
function fields(value: object, prefix = ""): [string, unknown][] {
  return Object.entries(value).flatMap(([name, inner]): [string, unknown][] =>
    inner !== null && typeof inner === "object" && !Array.isArray(inner)
      ? fields(inner, `${prefix}${name}.`)
      : [[prefix + name, inner]]
  );
}

describe("the index template", () => {
  const lines = processNames().flatMap((name) =>
    Deno.readTextFileSync(join(testShop().logs, `${name}.log`)).split("\n").filter((line) => line.startsWith("{"))
      .slice(-500).map((line) => JSON.parse(line) as Record<string, unknown>)
  );
  const seen = new Map(lines.flatMap((line) => fields(line)));

  it("has a fitting type for each field that lines of a running shop share", () => {
    expect(lines.length).toBeGreaterThan(20);
    const wrong = [...seen].filter(([path, value]) => {
      const field = mapped(path);
      return field?.properties || (field?.type && !FITTING[typeof value]?.includes(field.type));
    });
    expect(wrong).toEqual([]);
  });

  it("names what a line is found by", () => {
    const wanted = ["@timestamp", "log.level", "service.name", "message", "http.request.id", "trace.id", "url.route"];
    for (const path of wanted) {
      expect([path, mapped(path)?.type]).toEqual([path, expect.any(String)]);
      expect([...seen.keys()]).toContain(path);
    }
  });

  it("is of the stream that is shipped to, that the data view shows, and that the search reads", () => {
    const pattern = index_patterns[0]?.replace("*", "") ?? "-";
    for (const name of ["kubernetes", "compose"]) {
      const { pipeline } = parse(read(`shipper/${name}.yaml`)) as { pipeline: { outputs: { index: string }[] } };
      expect(pipeline.outputs.every(({ index }) => index.startsWith(pattern))).toBe(true);
    }
    const [view, search] = read("logs/kibana.ndjson").trim().split("\n").map((line) => JSON.parse(line));
    expect(view.attributes.title).toBe(index_patterns[0]);
    expect(search.references).toEqual([expect.objectContaining({ id: view.id, type: "index-pattern" })]);
    for (const column of search.attributes.columns) expect(mapped(column)?.type).toBeDefined();
  });

  it("is sent only lines of the shop's processes by the shipper beside compose.yaml", () => {
    const { pipeline } = parse(read("shipper/compose.yaml")) as { pipeline: { filters: { regex?: string }[] } };
    const regex = new RegExp(pipeline.filters[0]?.regex?.replace(/^log /, "") ?? "-");
    expect(processNames().filter((name) => !regex.test(`{"service.name":"${name}"}`))).toEqual([]);
    expect(regex.test('{"service.name":"ES_ECS"}')).toBe(false);
  });
});

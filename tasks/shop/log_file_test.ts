import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { join } from "node:path";
import { LogFile } from "./log_file.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("LogFile", () => {
  it("keeps one older file when it is full, and so stays bounded", () => {
    const path = join(Deno.makeTempDirSync(), "x.log");
    const log = new LogFile(path, 10);
    for (const text of ["one\n", "two\n", "three\n", "four\n", "five\n"]) log.write(bytes(text));
    log.close();
    expect([Deno.readTextFileSync(`${path}.1`), Deno.readTextFileSync(path)]).toEqual([
      "three\nfour\n".slice(0, 6),
      "four\nfive\n",
    ]);
  });

  it("goes on where it cannot write", () => {
    const log = new LogFile("/nowhere/x.log");
    log.write(bytes("lost"));
    log.close();
  });
});

import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { createLogOutput, levelOf, type Sink } from "./log_output.ts";

const line = (text: string, level = "info") => `{"log.level":"${level}","message":"${text}"}\n`;

/** A sink that takes so many bytes at a time, once it is open. */
function createSink({ open = true, most = Infinity, broken = false } = {}) {
  const decoder = new TextDecoder();
  const opened = Promise.withResolvers<void>();
  if (open) opened.resolve();
  const sink = {
    text: "",
    writes: 0,
    open: () => opened.resolve(),
    writeSync(bytes: Uint8Array) {
      if (broken) throw new Error("EPIPE");
      const taken = bytes.subarray(0, most);
      sink.writes++;
      sink.text += decoder.decode(taken, { stream: true });
      return taken.length;
    },
    async write(bytes: Uint8Array) {
      await opened.promise;
      return sink.writeSync(bytes);
    },
  };
  return sink satisfies Sink & { text: string };
}

describe("createLogOutput()", () => {
  it("writes lines in their order, several at a time, and loses none that it is flushed for", async () => {
    const sink = createSink();
    const output = createLogOutput(sink);
    const lines = Array.from({ length: 1000 }, (_, index) => line(String(index)));
    lines.forEach(output.write);
    await output.flush();
    expect(sink.text).toBe(lines.join(""));
    expect(sink.writes).toBeLessThan(10);
    expect(output.lost()).toBe(0);
  });

  it("goes on where a write takes only a part", async () => {
    const sink = createSink({ most: 7 });
    const output = createLogOutput(sink);
    output.write(line("Größe"));
    await output.flush();
    expect(sink.text).toBe(line("Größe"));
  });

  it("counts what it can't keep while nobody reads, without waiting, and writes the rest", async () => {
    const sink = createSink({ open: false });
    const output = createLogOutput(sink, 10 * line("x").length);
    for (let i = 0; i < 25; i++) output.write(line("x"));
    expect(output.lost()).toBe(15);
    sink.open();
    await output.flush();
    expect(sink.text).toBe(line("x").repeat(10));
    output.write(line("y"));
    await output.flush();
    expect(sink.text.endsWith(line("y"))).toBe(true);
    expect(output.lost()).toBe(15);
  });

  it("counts what a closed output does not take, and does not throw", async () => {
    const output = createLogOutput(createSink({ broken: true }));
    output.write(line("a"));
    output.write(line("b", "error"));
    await output.flush();
    output.write(line("c"));
    output.flushSync();
    expect(output.lost()).toBe(3);
  });

  it("writes at once what is left when the process dies", () => {
    const sink = createSink({ most: 5 });
    const output = createLogOutput(sink);
    output.write(line("the last words"));
    output.flushSync();
    expect(sink.text).toBe(line("the last words"));
  });
});

describe("levelOf()", () => {
  for (const level of ["debug", "info", "warn", "error"]) {
    it(`tells ${level}`, () => expect(levelOf(line("x", level))).toBe(level));
  }
  it("is other for anything else", () => expect(levelOf("oops")).toBe("other"));
});

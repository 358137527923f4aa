import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { findPort, isFree, takeExactly, takePort } from "./ports.ts";

describe("takePort()", () => {
  it("gives the preferred port once, then another", () => {
    const preferred = findPort();
    expect(takePort(preferred)).toBe(preferred);
    expect(takePort(preferred)).not.toBe(preferred);
  });

  it("gives another port when something listens on the preferred one", () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    expect(isFree(port)).toBe(false);
    expect(takeExactly(port)).toBe(false);
    expect(takePort(port)).not.toBe(port);
    listener.close();
  });

  it("leaves a port alone that another process has chosen but not yet opened", async () => {
    const port = findPort();
    const script = `import { takeExactly } from "${new URL("./ports.ts", import.meta.url)}";
      console.log(takeExactly(${port})); await new Promise(() => setInterval(() => {}, 1000));`;
    const args = ["eval", "--quiet", script];
    const other = new Deno.Command(Deno.execPath(), { args, stdout: "piped", stderr: "null" }).spawn();
    const { value } = await other.stdout.getReader().read();
    expect(new TextDecoder().decode(value).trim()).toBe("true");
    expect(takeExactly(port)).toBe(false);
    other.kill("SIGKILL");
    await other.status;
    expect(takeExactly(port)).toBe(true);
  });
});

import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { bounded } from "./bounded.ts";

const MIB = 1024 * 1024;

/** A form of so many MiB that comes in chunks, so that nothing says its length before. */
function form(mebibytes: number): Request {
  let left = mebibytes;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left-- > 0) controller.enqueue(new Uint8Array(MIB));
      else controller.close();
    },
  });
  return new Request("http://localhost/login", { method: "POST", body });
}

describe("bounded()", () => {
  it("leaves a request without a body as it is", () => {
    const request = new Request("http://localhost/");
    expect(bounded(request)).toBe(request);
  });

  it("hands on a body of up to 6 MiB, with the request's headers", async () => {
    const request = new Request(form(6), { headers: { "X-Request-Id": "one" } });
    const whole = bounded(request);
    expect(whole.headers.get("X-Request-Id")).toBe("one");
    expect((await whole.arrayBuffer()).byteLength).toBe(6 * MIB);
  });

  it("fails a larger one by 413 while it is read, before all of it has come", async () => {
    await expect(bounded(form(1_000_000)).arrayBuffer()).rejects.toMatchObject({ status: 413 });
  });
});

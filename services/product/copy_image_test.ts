import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { decide } from "./copy_image.ts";
import { outerUrls } from "./copy_jobs.ts";

describe("decide()", () => {
  const cases: [answer: Parameters<typeof decide>[0], then: string][] = [
    [{ status: 200 }, "keep"],
    ...[408, 429, 500, 502, 503, 504].map((status): [{ status: number }, string] => [{ status }, "retry"]),
    ...[204, 206, 301, 302, 304, 401, 403, 404, 410].map((status): [{ status: number }, string] => [
      { status },
      "leave",
    ]),
    ...["timed_out", "connection_failed", "name_not_resolved", "bad_answer"].map((
      error,
    ): [{ error: string }, string] => [{ error }, "retry"]),
    ...["address_refused", "url_refused", "too_large", "tls_failed"].map((error): [{ error: string }, string] => [
      { error },
      "leave",
    ]),
    [{}, "leave"],
  ];
  for (const [answer, then] of cases) {
    it(`takes ${JSON.stringify(answer)} as: ${then}`, () => expect(decide(answer).then).toBe(then));
  }
});

describe("outerUrls()", () => {
  it("names what is elsewhere, once, and nothing of the shop's own", () => {
    const urls = ["https://a.example/1.png", "/media/0", "HTTP://b.example/2", "https://a.example/1.png", "data:,x"];
    expect(outerUrls(urls.map((url) => ({ url, alt: "" })))).toEqual(["https://a.example/1.png", "HTTP://b.example/2"]);
  });
});

import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { checkForm } from "./form.ts";

const TYPE = "multipart/form-data; boundary=b";
const HEAD = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n';
const check = (form: string, type = TYPE) => checkForm(new TextEncoder().encode(form), type);

describe("checkForm()", () => {
  it("takes what clients send", async () => {
    for (const fields of [0, 1, 15]) {
      const form = new FormData();
      for (let field = 0; field < fields; field++) form.append(`field${field}`, "a");
      form.append("file", new Blob(["\r\n\r\n--".repeat(10_000)]), "a.png");
      const request = new Request("http://a", { method: "POST", body: form });
      const type = request.headers.get("Content-Type") ?? "";
      expect(() => checkForm(new Uint8Array([]), type)).toThrow();
      checkForm(new Uint8Array(await request.arrayBuffer()), type);
    }
    check(`${HEAD}\r\nx\r\n--b--\r\n`, 'multipart/form-data; charset=utf-8; Boundary="b"');
  });

  const refused: Record<string, string> = {
    "many parts": `${HEAD}\r\nx\r\n`.repeat(17) + "--b--\r\n",
    "a long head": `${HEAD}${"A: b\r\n".repeat(1_000)}\r\nx\r\n--b--\r\n`,
    "a second part with a long head": `${HEAD}\r\nx\r\n${HEAD}${"A: b\r\n".repeat(1_000)}\r\nx\r\n--b--\r\n`,
    "much before its first part": `${"A: b\r\n".repeat(1_000)}${HEAD}\r\nx\r\n--b--\r\n`,
    "much behind its end": `${HEAD}\r\nx\r\n--b--\r\n${"A: b\r\n".repeat(1_000)}`,
    "no end of its head": HEAD,
    "another boundary": "--c--",
  };
  for (const [what, form] of Object.entries(refused)) {
    it(`refuses ${what}`, () => expect(() => check(form)).toThrow("can't be read"));
  }

  it("refuses a type without a boundary", () => {
    expect(() => check(`${HEAD}\r\nx\r\n--b--\r\n`, "multipart/form-data;")).toThrow("can't be read");
  });
});

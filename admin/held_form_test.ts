import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import type { State } from "./utils.ts";

Deno.env.set("JWT_SECRET", "only-for-tests-0123456789-abcdefghij");
Deno.env.set("GATEWAY_URL", "http://127.0.0.1:9");
const { copyOfForm, heldForm, holdForm } = await import("./held_form.ts");

describe("a form that waits for a confirmation", () => {
  const post = (body: string, type = "application/x-www-form-urlencoded") =>
    new Request("http://console/api-keys/new", {
      method: "POST",
      body,
      headers: { "Content-Type": type, "Content-Length": String(body.length) },
    });
  const hold = async (body: string, type?: string): Promise<string[]> => {
    const state = { cookies: [] as string[] } as State;
    const copy = copyOfForm(post(body, type));
    if (copy) await holdForm(state, "ada", "/api-keys/new?a=b", copy);
    return state.cookies;
  };
  /** As a browser sends a form that may bring a file. */
  const upload = (text: string) => {
    const head = 'Content-Disposition: form-data; name="image_file"; filename=""\r\nContent-Type: image/png';
    const name = 'Content-Disposition: form-data; name="name"\r\n\r\nMug';
    return hold(`--x\r\n${name}\r\n--x\r\n${head}\r\n\r\n${text}\r\n--x--\r\n`, "multipart/form-data; boundary=x");
  };
  const back = (line = "") => new Request("http://console/", { headers: { Cookie: line.split(";")[0] ?? "" } });

  it("comes back to whoever sent it, as it was, and to nobody else", async () => {
    const [line] = await hold("name=Ware%26house&scopes=a&scopes=b");
    expect(line).not.toContain("house");
    expect(await heldForm(back(line), "ada")).toEqual({
      user_id: "ada",
      path: "/api-keys/new?a=b",
      fields: [["name", "Ware&house"], ["scopes", "a"], ["scopes", "b"]],
    });
    expect(await heldForm(back(line), "bob")).toBe(undefined);
  });

  it("is kept also where a file could have been chosen, and was not", async () => {
    const [line] = await upload("");
    expect((await heldForm(back(line), "ada"))?.fields).toEqual([["name", "Mug"]]);
  });

  it("is not kept with a password in it, nor when it is large or has files", async () => {
    expect(await hold("password=secret&name=a")).toEqual([]);
    expect(await hold(`name=${"a".repeat(3_100)}`)).toEqual([]);
    expect(await upload("a picture")).toEqual([]);
    expect(await hold("a=b", "multipart/form-data; boundary=x")).toEqual([]);
    expect(copyOfForm(post("a=b", "text/plain"))).toBe(undefined);
    expect(copyOfForm(new Request("http://console/"))).toBe(undefined);
  });
});

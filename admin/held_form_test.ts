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
  const hold = async (body: string): Promise<string[]> => {
    const state = { cookies: [], user: { id: "ada" } } as unknown as State;
    const copy = copyOfForm(post(body));
    if (copy) await holdForm(state, "/api-keys/new?a=b", copy);
    return state.cookies;
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

  it("is not kept with a password in it, nor when it is large or has files", async () => {
    expect(await hold("password=secret&name=a")).toEqual([]);
    expect(await hold(`name=${"a".repeat(3_100)}`)).toEqual([]);
    expect(copyOfForm(post("a=b", "multipart/form-data; boundary=x"))).toBe(undefined);
    expect(copyOfForm(new Request("http://console/"))).toBe(undefined);
  });
});

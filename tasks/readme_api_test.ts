import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { testShop } from "../services/shared/testing.ts";

describe("README", () => {
  it("buys something with its curl lines", async () => {
    const readme = await Deno.readTextFile(new URL("../README.md", import.meta.url));
    const [, section] = readme.split("## Buy something");
    const lines = /```sh\n([\s\S]*?)```/.exec(section ?? "")?.[1] ?? "";
    expect(lines.match(/\bcurl\b/g)?.length).toBe(5);
    const script = lines.replace("http://localhost:8000", testShop().gateway);
    const { stdout } = await new Deno.Command("bash", { args: ["-euo", "pipefail", "-c", script] }).output();
    // Two answers are printed: the cart and, last, the payment.
    const payment = new TextDecoder().decode(stdout).split("}{").at(-1) ?? "";
    expect(JSON.parse(`{${payment.replace(/^\{/, "")}`)).toMatchObject({ method: "test", status: "captured" });
  });
});

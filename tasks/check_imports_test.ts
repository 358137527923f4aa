import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { fileURLToPath } from "node:url";
import { checkImports, forbiddenImports } from "./check_imports.ts";

const cases: [file: string, source: string, allowed: boolean][] = [
  ["services/order/handlers.ts", `import { Order } from "./order.ts";`, true],
  ["services/order/handlers.ts", `import { log } from "../shared/log.ts";`, true],
  ["services/order/handlers.ts", `import type { A } from "../../proto/gen/nano/order/v1/order.ts";`, true],
  ["services/order/handlers.ts", `import { Cart } from "../cart/cart.ts";`, false],
  ["services/order/handlers.ts", `const { Cart } = await import("../cart/cart.ts");`, false],
  ["services/order/handlers.ts", `export * from "../cart/cart.ts";`, false],
  ["services/order/handlers.ts", `import {\n  a,\n  b,\n} from "../../tasks/roles.ts";`, false],
  ["services/order/order_test.ts", `import "./main.ts";`, false],
  ["services/shared/log.ts", `import { x } from "../order/order.ts";`, false],
  ["services/gateway/routes/orders.ts", `import { app } from "../app.ts";`, true],
  ["services/gateway/routes/orders.ts", `import { x } from "../../user/user.ts";`, false],
  ["admin/routes/index.tsx", `import { money } from "../../services/shared/money.ts";`, true],
  ["admin/routes/index.tsx", `import { pool } from "../../services/shared/postgres.ts";`, false],
  ["admin/api.ts", `import type { A } from "../proto/gen/nano/order/v1/order.ts";`, false],
  ["tasks/seed.ts", `import { hash } from "../services/user/password.ts";`, true],
];

describe("forbiddenImports()", () => {
  for (const [file, source, allowed] of cases) {
    it(`${allowed ? "allows" : "refuses"} ${file}: ${source.replace(/\s+/g, " ")}`, () => {
      expect(forbiddenImports(file, source).length).toBe(allowed ? 0 : 1);
    });
  }
});

describe("checkImports()", () => {
  it("finds a planted violation", () => {
    const root = Deno.makeTempDirSync();
    Deno.mkdirSync(`${root}/services/cart`, { recursive: true });
    Deno.writeTextFileSync(`${root}/services/cart/cart.ts`, `import "../order/order.ts";`);
    expect(checkImports(root)).toEqual([
      "services/cart/cart.ts must not import services/order/order.ts: services/cart imports itself (but main.ts), services/shared and proto/gen",
    ]);
    Deno.removeSync(root, { recursive: true });
  });

  it("finds none in this house", () => {
    expect(checkImports(fileURLToPath(new URL("..", import.meta.url)))).toEqual([]);
  });
});

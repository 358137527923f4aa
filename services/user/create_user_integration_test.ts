import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import type { Actor, StoreRole } from "../../proto/gen/nano/common/v1/common.ts";
import { ANONYMOUS } from "../shared/context.ts";
import { newId } from "../shared/ids.ts";
import { PASSWORD, startService, type TestService } from "./testing.ts";

let service: TestService;
let admin: Actor;
before(async () => {
  service = await startService();
  admin = await service.admin();
});
after(() => service?.stop());

const manager = (store_id: string): Actor => ({
  kind: "user",
  user_id: newId(),
  role: "customer",
  store_roles: [{ store_id, role: "manager" }],
});
const create = (actor: Actor, store_roles: StoreRole[], email = `${newId()}@shop.test`, password = PASSWORD) =>
  service.as(actor, (user) => user.createUser({ email, password, name: " Ada ", store_roles }));
const codeOf = (call: Promise<unknown>) => call.then(() => "done", (error) => (error as { code: string }).code);

describe("CreateUser", () => {
  it("makes an account with roles, which signs in with its password", async () => {
    const store_id = newId();
    const email = `${newId()}@shop.test`;
    const user = await create(manager(store_id), [{ store_id, role: "support" }], email.toUpperCase());
    expect(user).toMatchObject({ email, name: "Ada", role: "customer", store_roles: [{ store_id, role: "support" }] });
    const tokens = await service.as(ANONYMOUS, (rpc) => rpc.login({ email, password: PASSWORD, store_id }));
    expect(tokens.user?.id).toBe(user.id);
    expect(await codeOf(create(admin, [], email))).toBe("email_taken");
  });

  it("leaves nothing behind where it is refused", async () => {
    const [store_id, email] = [newId(), `${newId()}@shop.test`];
    const roles = [{ store_id: newId(), role: "support" }];
    expect(await codeOf(create(manager(store_id), roles, email))).toBe("forbidden");
    expect(await codeOf(create(manager(store_id), [], email))).toBe("required");
    expect(await codeOf(create(admin, [{ store_id, role: "owner" }], email))).toBe("invalid_store_roles");
    expect(await codeOf(create(admin, [], email, "12345678"))).toBe("weak_password");
    const support = { ...manager(store_id), store_roles: [{ store_id, role: "support" }] };
    expect(await codeOf(create(support, [{ store_id, role: "support" }], email))).toBe("forbidden");
    expect(await codeOf(create(ANONYMOUS, [], email))).toBe("unauthenticated");
    expect((await create(admin, [], email)).store_roles).toEqual([]);
  });

  it("is audited with the store of each role", async () => {
    const store_id = newId();
    const { id } = await create(admin, [{ store_id, role: "manager" }]);
    const { data } = await service.as(manager(store_id), (user) =>
      user.listAudit({
        from: undefined,
        to: undefined,
        before_time: undefined,
        before_id: 0,
        limit: 10,
      }));
    expect(data.map(({ table_name, store_id, actor }) => [table_name, store_id, actor])).toEqual([
      ["store_roles", store_id, `user:${admin.user_id}`],
    ]);
    expect(JSON.parse(data[0]?.after_json ?? "{}")).toMatchObject({ user_id: id, role: "manager" });
  });
});

describe("ListStaffNames", () => {
  it("tells a store's staff who is who among themselves, and of nobody else", async () => {
    const store_id = newId();
    const helper = await create(admin, [{ store_id, role: "support" }]);
    const elsewhere = await create(admin, [{ store_id: newId(), role: "support" }]);
    const { user: buyer } = await service.register(store_id);
    const ids = [helper.id, elsewhere.id, buyer?.id ?? "", "no id"];
    const ask = (actor: Actor) => service.as(actor, (user) => user.listStaffNames({ store_id, ids }));
    const support = { ...manager(store_id), store_roles: [{ store_id, role: "support" }] };
    expect((await ask(support)).data).toEqual([{ id: helper.id, name: "Ada" }]);
    expect(await codeOf(ask(manager(newId())))).toBe("store_not_found");
    expect(await codeOf(ask(ANONYMOUS))).toBe("unauthenticated");
  });
});

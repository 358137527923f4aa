import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { ANONYMOUS } from "../shared/context.ts";
import { startService, type TestService } from "./testing.ts";

let service: TestService;
before(async () => {
  service = await startService();
});
after(() => service?.stop());

describe("addresses", () => {
  const address = {
    name: "Ada",
    line1: "12 St James's Square",
    city: "London",
    postal_code: "SW1Y 4JH",
    country: "GB",
    company: "Engines",
  };

  it("are created, listed newest first, merged, and deleted", async () => {
    const { actor } = await service.register();
    const one = await service.as(actor, (user) => user.createAddress({ address }));
    const two = await service.as(actor, (user) => user.createAddress({ address: { ...address, phone: "1" } }));
    const first = await service.as(actor, (user) => user.listAddresses({ limit: 1 }));
    expect(first.data.map((found) => found.id)).toEqual([two.id]);
    const rest = await service.as(actor, (user) => user.listAddresses({ limit: 1, cursor: first.next_cursor }));
    expect(rest.data.map((found) => found.id)).toEqual([one.id]);
    expect(rest.next_cursor).toBe(undefined);
    const patched = await service.as(
      actor,
      (user) =>
        user.updateAddress({ id: one.id, patch_json: JSON.stringify({ city: "Paris", company: null, line2: "b" }) }),
    );
    const { company: _, ...kept } = address;
    expect(patched.address).toEqual({ ...kept, city: "Paris", line2: "b" });
    await service.as(actor, (user) => user.deleteAddress({ id: one.id }));
    await expect(service.as(actor, (user) => user.deleteAddress({ id: one.id }))).rejects.toMatchObject({
      code: "address_not_found",
    });
  });

  it("are their owner's alone", async () => {
    const [one, two] = [await service.register(), await service.register()];
    const { id } = await service.as(one.actor, (user) => user.createAddress({ address }));
    for (const actor of [two.actor, await service.admin()]) {
      await expect(service.as(actor, (user) => user.updateAddress({ id, patch_json: "{}" }))).rejects.toMatchObject({
        code: "address_not_found",
      });
      await expect(service.as(actor, (user) => user.deleteAddress({ id }))).rejects.toMatchObject({
        code: "address_not_found",
      });
      expect((await service.as(actor, (user) => user.listAddresses({ limit: 20 }))).data).toEqual([]);
    }
    await expect(service.as(ANONYMOUS, (user) => user.createAddress({ address }))).rejects.toMatchObject({
      kind: "unauthenticated",
    });
  });

  it("refuse what is no address", async () => {
    const { actor } = await service.register();
    const { id } = await service.as(actor, (user) => user.createAddress({ address }));
    await expect(service.as(actor, (user) => user.createAddress({ address: { ...address, country: "gb" } }))).rejects
      .toMatchObject({ code: "invalid_address" });
    for (const patch_json of ['{"city":null}', '{"city":""}', '{"user_id":"x"}', "[]", "x"]) {
      await expect(service.as(actor, (user) => user.updateAddress({ id, patch_json }))).rejects.toMatchObject({
        code: "invalid_address",
      });
    }
  });

  it("are at most 50, even of 60 at once", async () => {
    const { actor } = await service.register();
    const results = await Promise.allSettled(
      Array.from({ length: 60 }, () => service.as(actor, (user) => user.createAddress({ address }))),
    );
    expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(50);
    for (const result of results) if (result.status === "rejected") expect(result.reason.code).toBe("address_limit");
  });
});

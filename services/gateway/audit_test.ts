import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import type { ListAuditRequest } from "../../proto/gen/nano/common/v1/common.ts";
import { AUDITED, type Audited, listAll } from "./audit.ts";

/** A service's log: the times of its entries, their ids counting up; no answer gives more than `most`. */
function logOf(times: number[], most: number) {
  const entries = times.toSorted((a, b) => a - b).map((time, index) => ({
    id: index + 1,
    time: new Date(time),
    actor: "owner",
    request_id: "",
    table_name: "t",
    action: "insert",
    before_json: "",
    after_json: "{}",
  })).reverse();
  return ({ before_time, before_id, limit }: ListAuditRequest) => {
    const rest = entries.filter(({ time, id }) =>
      !before_time || time < before_time || (time.getTime() === before_time.getTime() && id < before_id)
    );
    const data = rest.slice(0, Math.min(limit, most));
    return Promise.resolve({ data, more: rest.length > data.length });
  };
}

describe("listAll()", () => {
  it("shows every entry of all services once, newest first, whatever the pages", async () => {
    const times = fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 12 });
    await fc.assert(fc.asyncProperty(
      fc.tuple(times, times, times, times),
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 7 }),
      async (all, limit, most) => {
        const logs = Object.fromEntries(AUDITED.map((service, index) => [service, logOf(all[index] ?? [], most)]));
        const seen: { service: Audited; id: number; time: number }[] = [];
        let cursor: string | undefined;
        do {
          const page = await listAll(logs as never, { from: undefined, to: undefined }, limit, cursor);
          expect(page.data.length).toBeLessThanOrEqual(limit);
          seen.push(...page.data.map(({ service, id, time }) => ({ service, id, time: time?.getTime() ?? 0 })));
          cursor = page.next_cursor;
        } while (cursor !== undefined);
        expect(new Set(seen.map(({ service, id }) => `${service}:${id}`)).size).toBe(seen.length);
        expect(seen.length).toBe(all.flat().length);
        expect(seen.map(({ time }) => time)).toEqual(all.flat().toSorted((a, b) => b - a));
      },
    ));
  });

  it("refuses a cursor that it did not give", async () => {
    const logs = Object.fromEntries(AUDITED.map((service) => [service, logOf([], 1)]));
    await expect(listAll(logs as never, { from: undefined, to: undefined }, 5, "WzEsMiwzXQ")).rejects.toMatchObject({
      code: "invalid_cursor",
    });
  });
});

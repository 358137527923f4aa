import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { EVENT_TYPES } from "../shared/event_types.ts";
import { eventDocument } from "./event_document.ts";

describe("eventDocument()", () => {
  it("describes every type of event, and the test", () => {
    expect(Object.keys(eventDocument())).toEqual([...EVENT_TYPES, "webhook.test"]);
  });

  it("names the type in the body, beside what all have", () => {
    expect(eventDocument()["order.paid"]).toMatchObject({
      post: {
        requestBody: {
          content: {
            "application/json": {
              schema: {
                properties: { type: { const: "order.paid" }, data: { $ref: "#/components/schemas/Order" } },
                required: ["type", "timestamp", "data"],
              },
            },
          },
        },
      },
    });
  });
});

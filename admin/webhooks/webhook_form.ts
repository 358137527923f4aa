import { faults, type FormErrors } from "../form_errors.ts";
import { texts } from "../texts.ts";
import type { Webhook } from "../types.ts";

/** A webhook's form as typed. */
export interface WebhookValues {
  url: string;
  description: string;
  event_types: string[];
  status: string;
  version: string;
}

export const NEW_WEBHOOK: WebhookValues = {
  url: "",
  description: "",
  event_types: ["*"],
  status: "active",
  version: "",
};

/** The form of a webhook as it is. */
export function webhookValues({ url, description, event_types, status, version }: Webhook): WebhookValues {
  return { url, description, event_types, status, version: String(version) };
}

/** Reads the form as typed. */
export function readWebhook(form: FormData): WebhookValues {
  const text = (name: string) => String(form.get(name) ?? "").trim();
  return {
    ...{ url: text("url"), description: text("description").replaceAll("\r\n", "\n") },
    ...{ status: text("status") === "disabled" ? "disabled" : "active", version: text("version") },
    event_types: form.getAll("event_types").map(String),
  };
}

/** Makes the gateway's body of what was typed, or says what is wrong with it. */
export function webhookBody({ version, ...values }: WebhookValues): { body: Record<string, unknown> } | FormErrors {
  const fields: Record<string, string> = {};
  if (!values.url) fields.url = texts.products.required;
  if (values.event_types.length === 0) fields.event_types = texts.webhooks.eventsNeeded;
  if (Object.keys(fields).length > 0) return faults(texts.products.checkFields, fields);
  const event_types = values.event_types.includes("*") ? ["*"] : values.event_types;
  return { body: { ...values, event_types, ...(version ? { version: Number(version) } : {}) } };
}

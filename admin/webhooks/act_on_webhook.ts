import type { Api } from "../api.ts";
import { entryOf } from "../entry.ts";
import type { Flash } from "../flash.ts";
import { attempt } from "../forms.ts";
import { texts } from "../texts.ts";

/** What an act did, to be said; whether the webhook is gone. */
export interface Done extends Flash {
  gone: boolean;
}

/** Does what a button of the webhook's page says; undefined for no such act. */
export async function actOnWebhook(api: Api, path: string, act: string): Promise<Done | undefined> {
  const t = texts.webhooks;
  const acts: Record<string, () => Promise<string>> = {
    rotate: async () => t.rotated((await api.post<{ secret: string }>(`${path}/secret`)).secret),
    test: async () => {
      await api.post(`${path}/test`);
      return t.tested;
    },
    delete: async () => {
      await api.del(path);
      return t.deleted;
    },
  };
  const work = entryOf(acts, act);
  if (!work) return undefined;
  const answer = await attempt(work());
  if ("errors" in answer) return { text: answer.errors.summary, tone: "bad", gone: false };
  return { text: answer.value, tone: "good", gone: act === "delete" };
}

import type { Clients } from "./clients.ts";
import type { RequestContext } from "./env.ts";

/**
 * Notes that the signed-in user buys in a store that does not know the user yet, so that its staff may see the buyer.
 * It keeps nobody from buying: the next order would note it, too.
 */
export async function noteCustomer(c: RequestContext, clients: Pick<Clients, "user">, store_id: string): Promise<void> {
  const session = c.get("session");
  if (!session || session.customer_of.includes(store_id)) return;
  await clients.user.linkCustomer({ user_id: session.user_id, store_id }).catch(() => {});
}

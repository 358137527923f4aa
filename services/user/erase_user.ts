import type { EraseUserResponse } from "../../proto/gen/nano/user/v1/user.ts";
import { type Actor, isAdmin } from "../shared/auth.ts";
import { forbidden } from "../shared/errors.ts";
import { newToken } from "../shared/ids.ts";
import { ordersInProgress } from "../shared/person.ts";
import type { Deps } from "./deps.ts";
import { presentPassword, provePassword } from "./prove_password.ts";
import { noUser } from "./user.ts";

/**
 * Begins to erase a user: oneself by the password, anybody else as an admin. Orders that are under way come first: who
 * buys can't vanish before the goods have come. From here on the user is locked out, and a job does the rest.
 */
export async function eraseUser(
  deps: Pick<Deps, "repository" | "passwords" | "neighbours">,
  actor: Actor,
  wanted: string,
  password: string | undefined,
): Promise<EraseUserResponse> {
  const { repository, passwords, neighbours } = deps;
  const known = await repository.findEmail(wanted);
  // By the row's id: PostgreSQL takes a UUID in capitals, too, and who is somebody else there needs no password.
  const own = actor.user_id === (known?.id ?? wanted);
  if (!own && !isAdmin(actor)) throw forbidden();
  if (!known) {
    const erasure = await repository.findErasure(wanted);
    if (!erasure) throw noUser();
    return { erasure, dead_session_ids: [] };
  }
  const { id } = known;
  if (own) await provePassword(deps, known, presentPassword(password, "/password"));
  // An admin has made sure whose address it is.
  const proven = known.verified || !own;
  const open = await neighbours.openOrders(id, proven ? known.email : undefined);
  if (open.length > 0) throw ordersInProgress(open);
  return await repository.beginErasure(id, proven, await passwords.hash(newToken()));
}

/** Erases a user everywhere, as a job. Each step may be repeated, so that after a crash it begins again. */
export async function eraseEverywhere(
  { repository, neighbours }: Pick<Deps, "repository" | "neighbours">,
  user_id: string,
): Promise<void> {
  const person = await repository.findErasing(user_id);
  if (!person) return;
  const { id } = person;
  const email = person.email_proven ? person.email : undefined;
  // Events first: what has not left yet leaves without the person, before those that arrived are gone through.
  await repository.eraseUserJobs(id);
  const order_ids = await neighbours.eraseOrders(id, email);
  await neighbours.erasePayments(id, order_ids);
  await neighbours.eraseCarts(id);
  await neighbours.eraseEvents(id, order_ids);
  await repository.finishErasure(person);
}

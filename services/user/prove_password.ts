import { invalid } from "../shared/errors.ts";
import type { Deps } from "./deps.ts";
import { normalisePassword, wrongPassword } from "./user.ts";

/** Checks a user's present password and gives its hash. Throws `wrong_password`. */
export async function provePassword(
  { repository, passwords }: Pick<Deps, "repository" | "passwords">,
  { id, email }: { id: string; email: string },
  password: string,
): Promise<string> {
  const known = await repository.findCredentials(email);
  const right = await passwords.verify(normalisePassword(password), known?.password_hash);
  // The address may just have become somebody else's.
  if (!known || !right || known.user.id !== id) throw wrongPassword();
  return known.password_hash;
}

/** The present password that a field must have. Throws `current_password_required`. */
export function presentPassword(password: string | undefined, pointer: string): string {
  if (!password) throw invalid("current_password_required", "The present password is needed for this.", pointer);
  return password;
}

import type { UserServiceServer } from "../../proto/gen/nano/user/v1/user.ts";
import {
  currentActor,
  isAdmin,
  isStaff,
  requireIdentity,
  requireStepUp,
  stepUpRequired,
  userId,
} from "../shared/auth.ts";
import { conflict, forbidden, invalid, notFound, unauthenticated } from "../shared/errors.ts";
import type { Rpcs } from "../shared/grpc.ts";
import { isId } from "../shared/ids.ts";
import type { Deps } from "./deps.ts";
import { provePassword } from "./prove_password.ts";
import { invalidTotp, staffOnly, totpDisabled, totpEnabled, uriOf } from "./totp.ts";
import { noUser } from "./user.ts";

const MAX_REFUND_AMOUNT = 1_000_000_000;

type TwoFactorRpcs = Pick<
  Rpcs<UserServiceServer>,
  | "getTotp"
  | "beginTotp"
  | "confirmTotp"
  | "disableTotp"
  | "renewRecoveryCodes"
  | "resetTotp"
  | "stepUp"
  | "getSecuritySettings"
  | "putSecuritySettings"
>;

/** The RPCs of second factors, of confirmed sessions, and of the operator's rules for both. */
export function createTwoFactorHandlers(deps: Deps): TwoFactorRpcs {
  const { repository, secondFactor } = deps;

  /** Takes a code of the second factor that the user must have. */
  async function take(user_id: string, code: string): Promise<void> {
    const proof = await secondFactor.prove(user_id, code);
    if (proof === "none") throw totpDisabled();
    if (proof !== "right") throw invalidTotp();
  }

  return {
    getTotp: async () => {
      const actor = currentActor();
      const [factor, { require_totp }] = await Promise.all([
        repository.findTotp(userId(actor)),
        repository.getSecuritySettings(),
      ]);
      const enabled = factor?.confirmed ?? false;
      const recovery_codes_left = enabled ? factor?.recovery_codes_left ?? 0 : 0;
      return { enabled, required: require_totp && isStaff(actor), recovery_codes_left };
    },

    beginTotp: async () => {
      const actor = currentActor();
      const id = userId(actor);
      if (!isStaff(actor)) throw staffOnly();
      // Who finds a session open would else lock its owner out with a second factor of his own.
      if (!actor.session_id || !await repository.wasProvenLately(actor.session_id)) throw stepUpRequired();
      const secret = await secondFactor.begin(id);
      if (secret === undefined) throw totpEnabled();
      return { secret, uri: uriOf(secret, actor.email ?? id) };
    },

    confirmTotp: async ({ code }) => {
      const codes = await secondFactor.confirm(userId(currentActor()), code);
      if (codes === "on") throw totpEnabled();
      if (codes === "none") throw conflict("totp_not_begun", "Begin first: POST /users/me/totp.");
      if (!Array.isArray(codes)) throw invalidTotp();
      return { recovery_codes: codes };
    },

    disableTotp: async ({ code }) => {
      const id = userId(currentActor());
      await take(id, code);
      await repository.deleteTotp(id);
      return {};
    },

    renewRecoveryCodes: async ({ code }) => {
      const id = userId(currentActor());
      await take(id, code);
      return { recovery_codes: await secondFactor.renew(id) };
    },

    resetTotp: async ({ user_id }) => {
      requireAdmin();
      if (!isId(user_id) || !await repository.findUser(user_id, currentActor())) throw noUser();
      requireStepUp(currentActor());
      if (!await repository.deleteTotp(user_id)) throw notFound("totp");
      return {};
    },

    stepUp: async ({ code, password }) => {
      const actor = currentActor();
      const id = userId(actor);
      if ((code === undefined) === (password === undefined)) {
        throw invalid("code_or_password", "Give a code or the password.", "/code");
      }
      if (code !== undefined) await take(id, code);
      if (password !== undefined) await provePassword(deps, { id, email: actor.email ?? "" }, password);
      const expire_time = actor.session_id && await repository.confirmSession(actor.session_id);
      if (!expire_time) throw unauthenticated();
      return { expire_time };
    },

    getSecuritySettings: async () => {
      requireAdmin();
      return await repository.getSecuritySettings();
    },

    putSecuritySettings: async ({ settings }) => {
      requireAdmin();
      requireStepUp(currentActor());
      if (!settings) throw invalid("required", "The settings are missing.");
      const { step_up_refund_amount: amount } = settings;
      if (!Number.isSafeInteger(amount) || amount < 0 || amount > MAX_REFUND_AMOUNT) {
        throw invalid("invalid_field", "The amount is not in its range.", "/step_up_refund_amount");
      }
      await repository.putSecuritySettings(settings);
      return await repository.getSecuritySettings();
    },
  };
}

function requireAdmin(): void {
  const actor = currentActor();
  requireIdentity(actor);
  if (!isAdmin(actor)) throw forbidden();
}

import { sha256 } from "../shared/ids.ts";
import type { Vault } from "../shared/vault.ts";
import type { Repository } from "./repository.ts";
import { isRecoveryCode, newRecoveryCodes, newSecret, normaliseCode, stepOf } from "./totp.ts";

/** What a code is worth: "none" where the user has no second factor to check it by. */
export type Proof = "none" | "missing" | "wrong" | "right";

/** Second factors: what a code proves, and how one is set up. */
export interface SecondFactor {
  /** Takes a code or a recovery code, which is then used up. */
  prove(user_id: string, code: string | undefined): Promise<Proof>;
  /** A new secret that awaits its first code; undefined if there is a second factor. */
  begin(user_id: string): Promise<string | undefined>;
  /** Turns it on by its first code; gives the recovery codes. */
  confirm(user_id: string, code: string): Promise<string[] | Exclude<Proof, "right"> | "on">;
  /** New recovery codes in place of the old ones. */
  renew(user_id: string): Promise<string[]>;
}

/** Second factors whose secrets are sealed in the database. */
export function createSecondFactor({ repository, vault }: { repository: Repository; vault: Vault }): SecondFactor {
  /** A recovery code is kept by its hash only. */
  async function newCodes(): Promise<{ codes: string[]; hashes: string[] }> {
    const codes = newRecoveryCodes();
    return { codes, hashes: await Promise.all(codes.map((code) => sha256(normaliseCode(code)))) };
  }

  async function stepIn(user_id: string, sealed: Uint8Array, code: string): Promise<number | undefined> {
    const secret = await vault.open(sealed, user_id);
    // Sealed under another DATABASE_ROLE_SECRET: recovery codes still work, and an admin can reset it.
    return secret === undefined ? undefined : stepOf(secret, code);
  }

  return {
    prove: async (user_id, given) => {
      const factor = await repository.findTotp(user_id);
      if (!factor?.confirmed) return "none";
      if (!given) return "missing";
      const code = normaliseCode(given);
      if (isRecoveryCode(code)) {
        return await repository.takeRecoveryCode(user_id, await sha256(code)) ? "right" : "wrong";
      }
      const step = await stepIn(user_id, factor.secret, code);
      return step !== undefined && await repository.takeStep(user_id, step) ? "right" : "wrong";
    },

    begin: async (user_id) => {
      const secret = newSecret();
      return await repository.beginTotp(user_id, await vault.seal(secret, user_id)) ? secret : undefined;
    },

    confirm: async (user_id, code) => {
      const factor = await repository.findTotp(user_id);
      if (!factor) return "none";
      if (factor.confirmed) return "on";
      const step = await stepIn(user_id, factor.secret, normaliseCode(code));
      if (step === undefined) return "wrong";
      const { codes, hashes } = await newCodes();
      return await repository.confirmTotp(user_id, step, hashes) ? codes : "on";
    },

    renew: async (user_id) => {
      const { codes, hashes } = await newCodes();
      await repository.putRecoveryCodes(user_id, hashes);
      return codes;
    },
  };
}

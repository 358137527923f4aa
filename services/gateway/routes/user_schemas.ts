import { z } from "@hono/zod-openapi";
import type { Tokens as TokensMessage, User as UserMessage } from "../../../proto/gen/nano/user/v1/user.ts";
import { Id, text, Time } from "../schemas.ts";

export const StoreRole = z.strictObject({ store_id: Id, role: z.enum(["support", "manager"]) }).openapi("StoreRole");

export const Email = text(320).openapi({ format: "email", example: "ada@example.com" });

export const Password = text(1024, 0).openapi({
  description: "8 to 256 characters, and not a common one.",
  format: "password",
  minLength: 8,
  maxLength: 256,
  example: "correct horse battery",
});

export const User = z.object({
  id: Id,
  email: z.string().openapi({ example: "ada@example.com" }),
  name: z.string().nullable().openapi({ example: "Ada Lovelace" }),
  role: z.enum(["customer", "admin"]).openapi({ description: "The role on the platform.", example: "customer" }),
  store_roles: z.array(StoreRole).openapi({ description: "The roles in stores." }),
  create_time: Time,
}).openapi("User");

/** A user as JSON; `name` is null where there is none. */
export function presentUser(user: UserMessage | undefined) {
  if (!user) throw new Error("Cannot present a user as the answer has none.");
  const { id, email, name, role, store_roles, create_time } = user;
  return {
    id,
    email,
    name: name ?? null,
    role: role === "admin" ? "admin" as const : "customer" as const,
    store_roles: store_roles.map(({ store_id, role }) => ({
      store_id,
      role: role === "manager" ? "manager" as const : "support" as const,
    })),
    create_time: create_time?.toISOString() ?? "",
  };
}

/** The token of a link in a mail. */
export const LinkToken = text(200).openapi({
  description: "The `token` of the link in the mail.",
  example: "q1Zr0p5mS7c2tXvB9nKd4wYhUeJfLgOiAaPzRxTs3M8",
});

/** A pair of tokens and whose they are. */
export const Tokens = z.object({
  user: User,
  access_token: z.string().openapi({
    description: "Goes into `Authorization: Bearer …`.",
    example: "eyJhbGciOiJIUzI1NiJ9…",
  }),
  token_type: z.literal("Bearer"),
  expires_in: z.int().openapi({ description: "Seconds until the access token expires.", example: 600 }),
  refresh_token: z.string().openapi({
    description: "Buys the next pair, once.",
    example: "q1Zr0p5mS7c2tXvB9nKd4wYhUeJfLgOiAaPzRxTs3M8",
  }),
}).openapi("Tokens");

/** A pair of tokens as JSON. */
export function presentTokens({ user, access_token, expires_in, refresh_token }: TokensMessage) {
  return { user: presentUser(user), access_token, token_type: "Bearer" as const, expires_in, refresh_token };
}

import { settings } from "./settings.ts";

/** The value of a request's cookie. */
export function cookieOf(request: Request, name: string): string | undefined {
  for (const part of (request.headers.get("Cookie") ?? "").split(";")) {
    const [key = "", ...value] = part.trim().split("=");
    if (key === name) return value.join("=");
  }
  return undefined;
}

/** A `Set-Cookie` line, out of scripts' and other sites' reach. Values are tokens and slugs: nothing to be escaped. */
export function cookie(name: string, value: string, maxAge: number): string {
  const secure = settings().ENVIRONMENT === "production" ? "; Secure" : "";
  return `${name}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${secure}`;
}

/** A `Set-Cookie` line that makes the browser forget. */
export function forget(name: string): string {
  return cookie(name, "", 0);
}

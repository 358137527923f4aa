import { settings } from "./settings.ts";

/** A cookie's whole name: in production no other host of the domain, and no plain HTTP, can set it (RFC 6265bis, 4.1.3). */
export function cookieName(name: string): string {
  return settings().ENVIRONMENT === "production" ? `__Host-${name}` : name;
}

/** The value of a request's cookie. */
export function cookieOf(request: Request, name: string): string | undefined {
  const wanted = cookieName(name);
  for (const part of (request.headers.get("Cookie") ?? "").split(";")) {
    const [key = "", ...value] = part.trim().split("=");
    if (key === wanted) return value.join("=");
  }
  return undefined;
}

/** A `Set-Cookie` line, out of scripts' and other sites' reach. Values are tokens and slugs: nothing to be escaped. */
export function cookie(name: string, value: string, maxAge: number): string {
  const secure = settings().ENVIRONMENT === "production" ? "; Secure" : "";
  return `${cookieName(name)}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${secure}`;
}

/** A `Set-Cookie` line that makes the browser forget. */
export function forget(name: string): string {
  return cookie(name, "", 0);
}

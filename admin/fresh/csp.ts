import type { Middleware } from "./types.ts";

export interface CSPOptions {
  /** Only has violations reported. */
  reportOnly?: boolean;
  /** The URL to which violations are reported. */
  reportTo?: string;
  /** Directives in place of the default ones of their name, or in addition. */
  csp?: string[];
  /** Allows inline scripts and styles by the nonce that rendering puts on each, in place of 'unsafe-inline'. */
  useNonce?: boolean;
}

const DEFAULTS = {
  "default-src": "'self'",
  "script-src": "'self' 'unsafe-inline'",
  "style-src": "'self' 'unsafe-inline'",
  "font-src": "'self'",
  "img-src": "'self' data:",
  "media-src": "'self' data: blob:",
  "worker-src": "'self' blob:",
  "connect-src": "'self'",
  "object-src": "'none'",
  "base-uri": "'self'",
  "form-action": "'self'",
  "frame-ancestors": "'none'",
  "upgrade-insecure-requests": "",
};

const nonces = new WeakMap<Response, string>();

/** Remembers with which nonce a page was rendered. */
export function setNonce(response: Response, nonce: string): void {
  nonces.set(response, nonce);
}

/** Sends a Content-Security-Policy with each answer that passes through. What was not rendered (redirects, JSON) has no nonce. */
export function csp<State>(options: CSPOptions = {}): Middleware<State> {
  const { reportOnly, reportTo, csp = [], useNonce } = options;
  const given = csp.map((directive) => directive.split(" ")[0]);
  const policy = [
    ...Object.entries(DEFAULTS).filter(([name]) => !given.includes(name)).map((entry) => entry.join(" ").trim()),
    ...csp,
    ...(reportTo ? ["report-to csp-endpoint", `report-uri ${reportTo}`] : []),
  ].join("; ");
  const header = reportOnly ? "Content-Security-Policy-Report-Only" : "Content-Security-Policy";
  return async (ctx) => {
    const response = await ctx.next();
    const nonce = useNonce && nonces.get(response);
    response.headers.set(header, nonce ? policy.replaceAll("'unsafe-inline'", `'nonce-${nonce}'`) : policy);
    if (reportTo) response.headers.set("Reporting-Endpoints", `csp-endpoint="${reportTo}"`);
    return response;
  };
}

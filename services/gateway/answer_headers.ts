/** What an answer depends on beside its URL. */
export const VARY = "X-Store, Authorization, Origin, X-Api-Key";

/** The content security policy of answers that are no pages. */
export const NO_CONTENT = "default-src 'none'; frame-ancestors 'none'";

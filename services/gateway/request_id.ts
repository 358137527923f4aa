const REQUEST_ID = /^[\w.:-]{1,128}$/;

/** The id of a request: the client's own, where it is a valid one. */
export function requestIdOf(given: string | null | undefined): string {
  return given && REQUEST_ID.test(given) ? given : crypto.randomUUID();
}

/** Thrown to end a request with a status; the nearest `_error.tsx` renders it. Without a message its `message` is "". */
export class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "HttpError";
    this.status = status;
  }
}

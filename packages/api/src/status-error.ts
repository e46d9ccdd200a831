/** A failure that has an HTTP status. One place in `server` turns it into `{ "error": message }`. */
export class StatusError extends Error {
  readonly status: number;
  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StatusError';
    this.status = status;
  }
}

/**
 * In the words of llama.cpp's server, the whole answer of which Ollama hands on as the text of the error. `type` is its kind of error,
 * `figures` are further fields.
 */
export function runnerError(
  status: number,
  message: string,
  type = 'invalid_request_error',
  figures: object = {},
): StatusError {
  return new StatusError(status, JSON.stringify({ error: { code: status, message, type, ...figures } }));
}

/** A load for which the device has no room left, while other models may take some. */
export class NoRoomError extends StatusError {
  constructor(message: string, options?: ErrorOptions) {
    super(500, message, options);
  }
}

/** A failure that has an HTTP status. One place in `server` turns it into `{ "error": message }`. */
export class StatusError extends Error {
  readonly status: number;
  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StatusError';
    this.status = status;
  }
}

/** A load for which the device has no room left, while other models may take some. */
export class NoRoomError extends StatusError {
  constructor(message: string, options?: ErrorOptions) {
    super(500, message, options);
  }
}

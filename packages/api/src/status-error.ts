/** A failure that has an HTTP status. One place in `server` turns it into `{ "error": message }`. */
export class StatusError extends Error {
  readonly status: number;
  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StatusError';
    this.status = status;
  }
}

/** A request, ready to be sent. */
export interface ExampleRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'DELETE';
  readonly path: string;
  /** JSON, or text that is sent as it stands. */
  readonly body?: object | string;
}

export interface Example extends ExampleRequest {
  readonly title: string;
  readonly note?: string;
  /** What is sent first, so that this one finds what it needs. */
  readonly before?: readonly ExampleRequest[];
}

export interface ExampleGroup {
  readonly title: string;
  readonly examples: readonly Example[];
}

export function post(
  title: string,
  path: string,
  body: object | string,
  more: Pick<Example, 'note' | 'before'> = {},
): Example {
  return { title, method: 'POST', path, body, ...more };
}

export function get(title: string, path: string, note?: string): Example {
  return { title, method: 'GET', path, note };
}

/** Servers that models run on, on real ports: one that speaks as Ollama does, and one that has OpenAI's API only. Pages of any origin may ask, unless `cors` is false. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface OtherServer extends AsyncDisposable {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  readonly requests: {
    readonly path: string;
    readonly text: string;
    readonly body: Record<string, unknown>;
  }[];
  /** Resolves when a client goes away before its answer has ended. */
  readonly aborted: Promise<void>;
}

type Answers = Readonly<Record<string, (body: Record<string, unknown>, response: ServerResponse) => unknown>>;

/** `answers` by path: what a function returns is sent as JSON; what it writes itself stays as it is. */
export async function startOther(answers: Answers, { cors = true } = {}): Promise<OtherServer> {
  const requests: OtherServer['requests'] = [];
  const aborted = Promise.withResolvers<void>();
  const server = createServer(async (request, response) => {
    if (cors) {
      response.setHeader('access-control-allow-origin', '*');
      response.setHeader('access-control-allow-headers', 'content-type');
    }
    if (request.method === 'OPTIONS') return void response.writeHead(204).end();
    response.on('close', () => {
      if (!response.writableFinished) aborted.resolve();
    });
    const text = await textOf(request);
    const body = text ? JSON.parse(text) : {};
    const path = request.url!;
    requests.push({ path, text, body });
    const answer = answers[path];
    if (!answer) return void response.writeHead(404).end('404 page not found');
    const value = await answer(body, response);
    if (value !== undefined) response.end(JSON.stringify(value));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    aborted: aborted.promise,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of request) text += part;
  return text;
}

/** Lines of NDJSON, one write each. */
export function writeLines(response: ServerResponse, lines: readonly object[]): undefined {
  for (const line of lines) response.write(`${JSON.stringify(line)}\n`);
  response.end();
}

/** Server-sent events as OpenAI writes them. */
export function writeEvents(response: ServerResponse, chunks: readonly object[]): undefined {
  for (const chunk of chunks) response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  response.end('data: [DONE]\n\n');
}

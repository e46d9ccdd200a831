/**
 * A TCP port in front of a page that has tabllama installed: what a client sends there is answered by the page's `llama.fetch`, both
 * ways streaming, so that Ollama clients in any language can be run against the page. A tool for tests and for the curious.
 */
import { createServer } from 'node:http';
import { answerCors } from './cors.mjs';

/** Of a connection, not of a message. */
const hopByHop = ['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'expect', 'host'];

/** Of a body, at most, that goes to the page in one call. */
const CHUNK_BYTES = 1 << 20;

/** In the page: answers one request; the functions that it calls are those that `bridge` exposes. */
async function answerInPage({ id, method, path, headers, hasBody }) {
  const { llama, bridgeRead, bridgeHead, bridgeWrite } = globalThis;
  globalThis.bridged ??= new Map();
  const controller = new AbortController();
  globalThis.bridged.set(id, controller);
  const body = new ReadableStream({
    async pull(stream) {
      const chunk = await bridgeRead(id);
      if (chunk === null) stream.close();
      else stream.enqueue(Uint8Array.fromBase64(chunk));
    },
  });
  try {
    const { signal } = controller;
    const init = { method, headers, redirect: 'manual', signal, ...(hasBody && { body, duplex: 'half' }) };
    const response = await llama.fetch(`http://localhost:11434${path}`, init);
    await bridgeHead(id, response.status, [...response.headers]);
    for await (const chunk of response.body ?? []) await bridgeWrite(id, chunk.toBase64());
  } finally {
    globalThis.bridged.delete(id);
  }
}

/**
 * Serves `page`, whose `llama` is installed, on `port` (0: any free one) of the loopback interface. Resolves to the `url` and
 * `close()`; rejects with the system's error where the port is taken.
 */
export async function bridge(page, { port = 0 } = {}) {
  /** What is under way: the client's request, an iterator over its body, and the response. */
  const open = new Map();
  let last = 0;
  await page.exposeFunction('bridgeRead', async id => {
    const { done, value } = (await open.get(id)?.body.next()) ?? { done: true };
    return done ? null : value.toString('base64');
  });
  await page.exposeFunction('bridgeHead', (id, status, headers) => {
    open.get(id)?.response.writeHead(status, headers.flat()).flushHeaders();
  });
  await page.exposeFunction('bridgeWrite', async (id, chunk) => {
    const response = open.get(id)?.response;
    if (!response || response.write(Buffer.from(chunk, 'base64'))) return;
    // a slow client holds the page back; one that went away never drains
    await new Promise(resolve => response.once('drain', resolve).once('close', resolve));
  });

  async function answer(request, response) {
    if (answerCors(request, response)) return;
    const id = ++last;
    const { method, url: path } = request;
    const hasBody = request.headers['content-length'] > 0 || 'transfer-encoding' in request.headers;
    const headers = Object.entries(request.headers).filter(([name]) => !hopByHop.includes(name));
    const body = request[Symbol.asyncIterator]();
    open.set(id, { body, response });
    response.once('close', () => {
      if (!response.writableFinished)
        page.evaluate(gone => globalThis.bridged?.get(gone)?.abort(), id).catch(() => {});
    });
    try {
      await page.evaluate(answerInPage, { id, method, path, headers, hasBody });
      response.end();
      // what the page did not read must not hold up the next request of the connection
      while (!(await body.next()).done);
    } finally {
      open.delete(id);
    }
  }

  // a call into the page takes long, whatever it carries
  const server = createServer({ highWaterMark: CHUNK_BYTES }, (request, response) => {
    answer(request, response).catch(error => {
      // a body that breaks off is all that a client can be told once the answer has begun
      if (response.headersSent) return response.destroy();
      response.writeHead(502, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: `the page failed: ${error.message}` }));
    });
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () =>
      new Promise(done => {
        server.close(done);
        server.closeAllConnections();
      }),
  };
}

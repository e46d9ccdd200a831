/** Which pages of other origins may ask, as a running Ollama has it: a browser's rules, which no request inside of a page meets. */
import { matchRoute } from '@tabllama/server/routes';

const allowed =
  /^(https?:\/\/(localhost|127\.0\.0\.1|0\.0\.0\.0)(:.*)?|(app|file|tauri|vscode-webview|vscode-file):\/\/.*)$/;
const methods = 'GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS';
const stainless =
  'Arch,Async,Custom-Poll-Interval,Helper-Method,Lang,Os,Package-Version,Poll-Helper,Retry-Count,Runtime,Runtime-Version,Timeout';
const headers = [
  'Authorization,Content-Type,User-Agent,Accept,X-Requested-With,Openai-Beta',
  ...stainless.split(',').map(name => `X-Stainless-${name}`),
].join(',');

/** Sets the headers that let a page read the answer; true if the request is answered by that alone. */
export function answerCors({ method, url, headers: asked }, response) {
  const { origin, host } = asked;
  if (origin === undefined || origin === `http://${host}`) return false;
  const methodsThere = matchRoute(url.split('?', 1)[0])?.route.methods;
  if (methodsThere && !methodsThere.includes(method)) response.setHeader('Allow', methodsThere.join(', '));
  if (!allowed.test(origin)) {
    response.writeHead(403, { 'content-length': 0 }).end();
    return true;
  }
  response.setHeader('Access-Control-Allow-Origin', origin);
  if (method !== 'OPTIONS') {
    response.setHeader('Vary', 'Origin');
    return false;
  }
  response.writeHead(204, {
    'Access-Control-Allow-Headers': headers,
    'Access-Control-Allow-Methods': methods,
    'Access-Control-Max-Age': '43200',
    Vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
  });
  response.end();
  return true;
}

/** The repository's `models/` folder at `/models/` in development and preview, as `npm start` serves it. Its files are never copied into the build. */
import type { Connect, Plugin } from 'vite';
import { answer, modelFolders } from '../../../scripts/serve.mjs';

export function models(): Plugin {
  const serve: Connect.NextHandleFunction = (request, response, next) => {
    if (request.url?.startsWith('/models/')) answer(modelFolders, {}, request, response).catch(next);
    else next();
  };
  return {
    name: 'models',
    configureServer: server => void server.middlewares.use(serve),
    configurePreviewServer: server => void server.middlewares.use(serve),
  };
}

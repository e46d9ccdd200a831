/** What answers each route. A route is one line in `../routes.ts`, one file here, and one line below. */
import type { Endpoint } from '../endpoint.ts';
import type { RoutePath } from '../routes.ts';
import { blobs } from './blobs.ts';
import { chat } from './chat.ts';
import { copy } from './copy.ts';
import { create } from './create.ts';
import { deleteModel } from './delete.ts';
import { embed } from './embed.ts';
import { embeddings } from './embeddings.ts';
import { generate } from './generate.ts';
import { notYet } from './not-yet.ts';
import { ps } from './ps.ts';
import { pull } from './pull.ts';
import { root } from './root.ts';
import { show } from './show.ts';
import { tags } from './tags.ts';
import { version } from './version.ts';

export const endpoints: Readonly<Record<RoutePath, Endpoint>> = {
  '/': root,
  '/api/version': version,
  '/api/status': notYet,
  '/api/generate': generate,
  '/api/chat': chat,
  '/api/embed': embed,
  '/api/embeddings': embeddings,
  '/api/tags': tags,
  '/api/show': show,
  '/api/ps': ps,
  '/api/copy': copy,
  '/api/delete': deleteModel,
  '/api/blobs/:digest': blobs,
  '/api/create': create,
  '/api/pull': pull,
  '/api/push': notYet,
  '/api/me': notYet,
  '/api/signout': notYet,
  '/api/user/keys/:encodedKey': notYet,
  '/api/experimental/web_search': notYet,
  '/api/experimental/web_fetch': notYet,
  '/api/experimental/model-recommendations': notYet,
  '/v1/chat/completions': notYet,
  '/v1/completions': notYet,
  '/v1/embeddings': notYet,
  '/v1/responses': notYet,
  '/v1/audio/transcriptions': notYet,
  '/v1/models': notYet,
  '/v1/models/:model': notYet,
  '/v1/messages': notYet,
};

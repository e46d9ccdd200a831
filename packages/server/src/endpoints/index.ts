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
import { me } from './me.ts';
import { ps } from './ps.ts';
import { pull } from './pull.ts';
import { push } from './push.ts';
import { recommendations } from './recommendations.ts';
import { root } from './root.ts';
import { show } from './show.ts';
import { signout } from './signout.ts';
import { status } from './status.ts';
import { tags } from './tags.ts';
import { chatCompletions } from './v1/chat-completions.ts';
import { completions } from './v1/completions.ts';
import { embeddings as v1Embeddings } from './v1/embeddings.ts';
import { messages } from './v1/messages.ts';
import { model, models } from './v1/models.ts';
import { responses } from './v1/responses.ts';
import { transcriptions } from './v1/transcriptions.ts';
import { version } from './version.ts';
import { webFetch, webSearch } from './web.ts';

export const endpoints: Readonly<Record<RoutePath, Endpoint>> = {
  '/': root,
  '/api/version': version,
  '/api/status': status,
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
  '/api/push': push,
  '/api/me': me,
  '/api/signout': signout,
  '/api/user/keys/:encodedKey': signout,
  '/api/experimental/web_search': webSearch,
  '/api/experimental/web_fetch': webFetch,
  '/api/experimental/model-recommendations': recommendations,
  '/v1/chat/completions': chatCompletions,
  '/v1/completions': completions,
  '/v1/embeddings': v1Embeddings,
  '/v1/responses': responses,
  '/v1/audio/transcriptions': transcriptions,
  '/v1/models': models,
  '/v1/models/:model': model,
  '/v1/messages': messages,
};

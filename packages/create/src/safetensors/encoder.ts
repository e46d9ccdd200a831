/** What the encoders have in common: how vectors are pooled, and the vocabulary of word pieces. */
import type { Architecture, Values } from './architecture.ts';
import { asObject, type Folder } from './folder.ts';

/** From sentence-transformers' own files: `modules.json` and the config of the pooling that it names. */
export async function poolingValues(folder: Folder): Promise<Values> {
  const modules = await folder.json('modules.json');
  const all = (Array.isArray(modules) ? modules : []).map(asObject);
  const ofType = (type: string) => all.find(module => module.type === `sentence_transformers.models.${type}`);
  const { path } = ofType('Pooling') ?? {};
  const pooling = typeof path === 'string' && path ? asObject(await folder.json(`${path}/config.json`)) : {};
  const [none, mean, first] = [0, 1, 2];
  return {
    'attention.causal': false,
    pooling_type: pooling.pooling_mode_mean_tokens ? mean : pooling.pooling_mode_cls_token ? first : none,
    normalize_embeddings: ofType('Normalize') !== undefined,
  };
}

/** Word pieces as a GGUF has them: what begins a word says so, and not what goes on with one. */
export const wordPieces: NonNullable<Architecture['vocabulary']> = ({ vocabulary, ids }) => {
  const tokens = vocabulary.tokens.map(text => {
    if (text.startsWith('[') && text.endsWith(']')) return text;
    return text.startsWith('##') ? text.slice(2) : `\u2581${text}`;
  });
  // a text stands between these two
  const [begin, end] = [ids.get('cls'), ids.get('seperator')];
  const framed = new Map(ids);
  if (begin !== undefined) framed.set('bos', begin);
  if (end !== undefined) framed.set('eos', end);
  return { ...vocabulary, model: 'bert', tokens, ids: framed };
};

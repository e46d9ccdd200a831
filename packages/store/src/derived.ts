/** What an engine made of a blob, kept under the blob's digest; `sweep` removes both. */
import type { Derived } from '@tabllama/api';
import { get, promisifyRequest } from 'idb-keyval';
import { type Database, derivedFrom, derivedKey, keyOf, transact } from './database.ts';

export const createDerived = (database: Database): Derived => ({
  get: (digest, form) => get(derivedKey(digest, form), database),
  put: (digest, form, bytes) =>
    transact(database, async store => {
      // the model may have been deleted while it was in use
      const blobs = await promisifyRequest(store.count(keyOf('blob', digest)));
      if (blobs === 0) return;
      store.delete(derivedFrom(digest));
      store.put(bytes, derivedKey(digest, form));
    }),
});

/** The page's own table of names: URLs of GGUF files. */
import { fullName, parseModelName } from '@tabllama/api';
import { isWeb, offerFile } from './file-url.ts';
import type { FindSource, SourceSettings } from './source.ts';

/** @throws TypeError for an entry that is no name or no URL of the web */
export function table(settings: SourceSettings): FindSource {
  const urls = new Map<string, URL>();
  for (const [text, address] of Object.entries(settings.models)) {
    const name = parseModelName(text);
    if (!name) throw new TypeError(`models: ${JSON.stringify(text)} is no name of a model`);
    const url = URL.parse(address, settings.base);
    if (!url || !isWeb(url)) throw new TypeError(`models: ${text}: ${JSON.stringify(address)} is no URL`);
    urls.set(fullName(name).toLowerCase(), url);
  }
  return wanted => {
    const url = wanted instanceof URL ? undefined : urls.get(fullName(wanted).toLowerCase());
    return url && offerFile(url, settings);
  };
}

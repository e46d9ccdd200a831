/** The page's own table of names: URLs of GGUF files. */
import { fullName, parseModelName } from '@tabllama/api';
import { isWeb, offerFile } from './file-url.ts';
import type { FindSource, SourceSettings } from './source.ts';

/** @throws TypeError for an entry that is no name, and for one that is no URL of the web or of the extension whose page this is */
export function table(settings: SourceSettings): FindSource {
  const own = URL.parse(settings.base)?.protocol;
  const urls = new Map<string, URL>();
  for (const [text, address] of Object.entries(settings.models)) {
    const name = parseModelName(text);
    if (!name) throw new TypeError(`models: ${JSON.stringify(text)} is no name of a model`);
    const url = URL.parse(address, settings.base);
    if (!url || !(isWeb(url) || url.protocol === own))
      throw new TypeError(`models: ${text}: ${JSON.stringify(address)} is no URL`);
    urls.set(fullName(name).toLowerCase(), url);
  }
  return wanted => {
    const url = wanted instanceof URL ? undefined : urls.get(fullName(wanted).toLowerCase());
    return url && offerFile(url, settings);
  };
}

import { join } from 'node:path';
import { appFolders, serve } from '../scripts/serve.mjs';
import { build, root } from '../scripts/workspace.mjs';

/** Builds the app if it is not current, and serves it with the fixtures and the published files beside it; the tests find it at `BASE_URL`. */
export default async function setUp(): Promise<() => Promise<void>> {
  const app = appFolders(await build());
  const server = await serve([
    ['/fixtures/', join(root, 'fixtures')],
    ['/published/', join(root, 'packages', 'tabllama', 'dist')],
    ...app,
  ]);
  process.env.BASE_URL = server.url;
  return () => server.close();
}

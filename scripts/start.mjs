/** `npm start`: installs and builds what is missing, serves the chat app, and opens the browser where there is one. */
import { spawn } from 'node:child_process';
import { appFolders, serve } from './serve.mjs';
import { build, install } from './workspace.mjs';

/** Opens the address in the user's browser; says nothing where there is no screen, or `BROWSER=none`. */
function openBrowser(url) {
  const { platform, env } = process;
  const screen = platform === 'darwin' || platform === 'win32' || env.DISPLAY || env.WAYLAND_DISPLAY;
  if (!screen || env.CI || env.BROWSER === 'none') return;
  const [command, ...args] =
    platform === 'darwin'
      ? ['open', url]
      : platform === 'win32'
        ? ['cmd', '/c', 'start', '', url]
        : ['xdg-open', url];
  spawn(command, args, { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref();
}

const port = Number(process.env.PORT || 4173);
try {
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new Error(`PORT=${process.env.PORT} is not a port`);
  await install();
  const { url } = await serve(appFolders(await build()), { port });
  console.log(`\ntabllama is at ${url}   (Ctrl-C ends it)`);
  openBrowser(url);
} catch (error) {
  console.error(
    error.code === 'EADDRINUSE'
      ? `Port ${port} is taken. Try another: PORT=${port + 1} npm start`
      : error.message,
  );
  process.exitCode = 1;
}

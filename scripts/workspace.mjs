/**
 * The checkout and its tools, with nothing at hand but Node ≥ 20: finds or fetches the pnpm that package.json names, installs,
 * builds. Only Node's own modules are imported here, for this runs before anything is installed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The top folder of the checkout. */
export const root = fileURLToPath(new URL('..', import.meta.url));
const windows = process.platform === 'win32';
const cache = join(root, 'node_modules', '.cache');
/** The environment of every tool: the workspace's own programs first, its current Node among them. */
const env = {
  ...process.env,
  PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH ?? ''}`,
  COREPACK_ENABLE_DOWNLOAD_PROMPT: '0',
};

/**
 * Runs a program in the checkout; its output goes to the terminal, or to standard error with `quiet` when standard output
 * belongs to an answer. Resolves to the exit status.
 */
export function run(command, args, { quiet = false, ...more } = {}) {
  return new Promise((resolve, reject) => {
    spawn(command, args, {
      cwd: root,
      shell: windows,
      stdio: ['ignore', quiet ? 2 : 'inherit', 'inherit'],
      ...more,
      env: { ...env, ...more.env },
    })
      .on('error', reject)
      .on('close', (status, signal) => resolve(status ?? (signal ? 1 : 0)));
  });
}

/** The standard output of a program, trimmed; undefined if it is missing or fails. */
export function output(command, args) {
  const result = spawnSync(command, args, { cwd: root, env, shell: windows, encoding: 'utf8' });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

/** How to call the pnpm of package.json's `packageManager`: one on the PATH, through corepack, or through npx. */
function findPnpm() {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const version = packageManager.slice(packageManager.indexOf('@') + 1);
  if (output('pnpm', ['--version']) === version) return ['pnpm'];
  if (output('corepack', ['pnpm', '--version']) === version) return ['corepack', 'pnpm'];
  return ['npx', '-y', packageManager];
}

let found;
/** Runs pnpm of the pinned version; see {@link run}. */
export function pnpm(args, options) {
  found ??= findPnpm();
  const [command, ...first] = found;
  return run(command, [...first, ...args], options);
}

/** Does `work` unless its stamp in the cache says `key` and all it makes is there; work that failed leaves no stamp. */
async function unlessDone(name, key, made, work) {
  const stamp = join(cache, name);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === key && made.every(path => existsSync(path)))
    return;
  const status = await work();
  if (status !== 0) throw new Error(`${name} failed (exit status ${status})`);
  mkdirSync(cache, { recursive: true });
  writeFileSync(stamp, key);
}

/** Installs what the lockfile names; does nothing when that is there already. */
export async function install(options) {
  const lock = readFileSync(join(root, 'pnpm-lock.yaml'));
  const made = [join(root, 'node_modules', '.modules.yaml')];
  await unlessDone('install', createHash('sha256').update(lock).digest('hex'), made, () => {
    console.error('Installing …');
    return pnpm(['install', '--frozen-lockfile'], options);
  });
}

/** Builds packages and apps, unless the last build saw the same files; returns the folder of the built chat app. */
export async function build(options) {
  const hash = createHash('sha256');
  const look = path => {
    const stat = statSync(path);
    if (stat.isFile()) return hash.update(`${path} ${stat.size} ${stat.mtimeMs}\n`);
    for (const name of readdirSync(path).sort()) {
      if (name !== 'node_modules' && name !== 'dist') look(join(path, name));
    }
  };
  for (const name of ['package.json', 'pnpm-lock.yaml', 'tsconfig.base.json', 'packages', 'apps'])
    look(join(root, name));
  const app = join(root, 'apps', 'chat', 'dist');
  const made = [join(app, 'index.html'), join(root, 'packages', 'tabllama', 'dist', 'index.js')];
  await unlessDone('build', hash.digest('hex'), made, () => {
    console.error('Building …');
    return pnpm(['run', 'build'], options);
  });
  return app;
}

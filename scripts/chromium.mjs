/**
 * A Chromium for tests, `ask` and the bench: an installed one, else Playwright's own, else Debian's; and how to launch it
 * headless with WebGPU on the adapter that is wanted.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { chromium } from 'playwright';
import { output, root, run } from './workspace.mjs';

const { platform, env } = process;
const isRoot = process.getuid?.() === 0;
const cache = join(root, 'node_modules', '.cache');

const installed = {
  linux: [
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome-stable',
    '/usr/bin/google-chrome',
    '/opt/google/chrome/chrome',
  ],
  darwin: ['', homedir()].flatMap(home => [
    `${home}/Applications/Chromium.app/Contents/MacOS/Chromium`,
    `${home}/Applications/Google Chrome.app/Contents/MacOS/Google Chrome`,
  ]),
  win32: [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA]
    .filter(Boolean)
    .map(folder => join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe')),
};

/** The Chromium at hand; undefined if there is none. `CHROMIUM` in the environment names one. */
export function findChromium() {
  if (env.CHROMIUM) {
    if (!existsSync(env.CHROMIUM)) throw new Error(`CHROMIUM=${env.CHROMIUM} is not there`);
    return env.CHROMIUM;
  }
  return [...(installed[platform] ?? []), chromium.executablePath()].find(path => existsSync(path));
}

/** The Chromium at hand, installed first if there is none. */
export async function ensureChromium() {
  const found = findChromium();
  if (found) return found;
  console.error('No Chromium here: installing one …');
  const debian = platform === 'linux' && isRoot && existsSync('/usr/bin/apt-get');
  const download = ['install', '--no-shell', ...(debian ? ['--with-deps'] : []), 'chromium'];
  if ((await run('playwright', download, { quiet: true })) !== 0 && debian) {
    const apt = args => run('apt-get', args, { quiet: true, env: { DEBIAN_FRONTEND: 'noninteractive' } });
    await apt(['update']);
    await apt(['install', '-y', '--no-install-recommends', 'chromium']);
  }
  const now = findChromium();
  if (!now)
    throw new Error(
      'no Chromium could be installed: install Chromium or Chrome, or name one with CHROMIUM=…',
    );
  return now;
}

/** The Vulkan driver manifest of the SwiftShader that comes with a Chromium, for WebGPU in Node; undefined without one. */
export function findSwiftshader(executable) {
  const folders = [
    dirname(realpathSync(executable)),
    '/usr/lib/chromium',
    '/usr/lib/chromium-browser',
    '/opt/google/chrome',
  ];
  return folders.map(folder => join(folder, 'vk_swiftshader_icd.json')).find(path => existsSync(path));
}

/** The Vulkan driver manifest of Mesa's lavapipe; undefined where it is not installed. */
export function findLavapipe() {
  const folder = '/usr/share/vulkan/icd.d';
  const manifest = existsSync(folder) && readdirSync(folder).find(name => /^lvp_icd.*\.json$/.test(name));
  return manifest ? join(folder, manifest) : undefined;
}

/** Whether Chromium can run on lavapipe here: that also takes a C compiler. */
export function hasLavapipe() {
  return findLavapipe() !== undefined && output('cc', ['--version']) !== undefined;
}

/** Environment that puts lavapipe in SwiftShader's place within Chromium: lavapipe.c, compiled once and preloaded. */
function preloadLavapipe() {
  const manifest = findLavapipe();
  if (!manifest)
    throw new Error('lavapipe is not installed: on Debian it is in the package mesa-vulkan-drivers');
  const source = join(root, 'scripts', 'lavapipe.c');
  const hash = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 12);
  const library = join(cache, `lavapipe-${hash}.so`);
  if (!existsSync(library)) {
    mkdirSync(cache, { recursive: true });
    if (output('cc', ['-O1', '-shared', '-fPIC', '-o', library, source, '-ldl']) === undefined) {
      throw new Error('lavapipe in Chromium needs a C compiler: cc could not compile scripts/lavapipe.c');
    }
  }
  return {
    LD_PRELOAD: library,
    LAVAPIPE_LIBRARY: JSON.parse(readFileSync(manifest, 'utf8')).ICD.library_path,
    // Without a cache Mesa compiles every kernel anew in each process: seconds before the first token.
    MESA_SHADER_CACHE_DIR: join(cache, 'mesa'),
    XDG_RUNTIME_DIR: env.XDG_RUNTIME_DIR ?? '/tmp',
  };
}

/** Playwright's launch options for a headless Chromium whose WebGPU runs on `adapter`. */
export async function launchOptions(adapter) {
  const executablePath = await ensureChromium();
  const software = adapter !== 'default';
  const args = ['--enable-unsafe-webgpu', '--no-first-run', '--disable-component-update'];
  if (software) args.push('--use-webgpu-adapter=swiftshader');
  // Headless on Linux a GPU is reached through Vulkan, which Chromium does not choose by itself.
  else if (platform === 'linux')
    args.push('--enable-features=Vulkan', '--use-angle=vulkan', '--disable-vulkan-surface');
  // Mesa's library lies outside of what the GPU process may open.
  if (adapter === 'lavapipe') args.push('--disable-gpu-sandbox');
  return {
    executablePath,
    args,
    env: { ...env, ...(adapter === 'lavapipe' ? preloadLavapipe() : {}) },
    // Root cannot use the sandbox, and Playwright's own build has no profile that lets it.
    chromiumSandbox: !isRoot && executablePath !== chromium.executablePath(),
  };
}

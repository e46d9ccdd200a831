/**
 * `npm test`: everything, from a bare checkout with Node ≥ 20 at hand: installs what the tests need, then lint, types, unit tests
 * and GPU kernels in Node, build, size, and the built app in a real Chromium. Each tool that is no test runner counts as one test.
 * The last line is `N passed, N failed`; the exit status is 1 if anything failed.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, install, pnpm, root, run } from './workspace.mjs';

const results = mkdtempSync(join(tmpdir(), 'tabllama-test-'));
const count = { passed: 0, failed: 0 };
/** What is said again at the end: everything that did not pass. */
const notable = [];

const againPassed = 'passed at the second try';

function record(status, name) {
  if (status === 'passed' || status === againPassed) count.passed++;
  if (status === 'failed') count.failed++;
  if (status !== 'passed') notable.push(`${status}: ${name}`);
}

/** One test, passed if `work` resolves to exit status 0. */
async function check(name, work) {
  console.log(`\n── ${name}`);
  const status = await work().catch(error => {
    console.error(error.message);
    return 1;
  });
  record(status === 0 ? 'passed' : 'failed', name);
}

/** A test runner: `work` gets the file for its JSON report, `read` turns that into [status, name] pairs. */
async function suite(name, work, read) {
  console.log(`\n── ${name}`);
  const file = join(results, `${name.replaceAll(/\W+/g, '-')}.json`);
  const status = await work(file);
  const failedBefore = count.failed;
  if (existsSync(file))
    for (const [result, title] of read(JSON.parse(readFileSync(file, 'utf8')))) record(result, title);
  // A runner may also fail outside of its tests: a file that does not load, no report at all.
  if (status !== 0 && count.failed === failedBefore) record('failed', `${name} (exit status ${status})`);
}

/** Mesa compiles a kernel at its first dispatch, which takes seconds on a machine that has not seen it. */
const slow = ['--testTimeout=240000'];

function vitest(name, driver, filters = []) {
  const args = file => [
    'run',
    ...filters,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
  ];
  return suite(
    name,
    file => run('vitest', args(file), { env: driver && { VK_ICD_FILENAMES: driver } }),
    function* (report) {
      for (const { assertionResults } of report.testResults) {
        for (const test of assertionResults) {
          const status = ['passed', 'failed'].includes(test.status) ? test.status : 'skipped';
          yield [status, `${name}: ${test.fullName}`];
        }
      }
    },
  );
}

function playwright(name) {
  const statuses = { expected: 'passed', unexpected: 'failed', skipped: 'skipped', flaky: againPassed };
  const walk = function* (suites) {
    for (const { specs = [], suites: inner = [] } of suites) {
      for (const spec of specs) {
        for (const test of spec.tests)
          yield [statuses[test.status], `${name} on ${test.projectName}: ${spec.file}: ${spec.title}`];
      }
      yield* walk(inner);
    }
  };
  return suite(
    name,
    file =>
      pnpm(['--dir', 'e2e', 'exec', 'playwright', 'test', '--reporter=list,json'], {
        env: { PLAYWRIGHT_JSON_OUTPUT_FILE: file },
      }),
    report => walk(report.suites),
  );
}

try {
  await install();
  const { ensureChromium, findLavapipe, findSwiftshader } = await import('./chromium.mjs');
  const chromium = await ensureChromium();
  const lavapipe = findLavapipe();
  await check('lint', () => run('biome', ['check', '.']));
  await check('types', () => run('tsc', ['-b']));
  await vitest('unit', findSwiftshader(chromium));
  if (lavapipe) await vitest('unit on lavapipe', lavapipe, ['.gpu.test.', ...slow]);
  else notable.push('skipped: GPU kernels on lavapipe, which is not installed');
  await check('build', () => build().then(() => 0));
  await check('size', () => run('node', [join(root, 'packages', 'tabllama', 'scripts', 'size.mjs')]));
  await playwright('browser');
} catch (error) {
  record('failed', error.message);
} finally {
  rmSync(results, { recursive: true, force: true });
}
if (notable.length) console.log(`\n${notable.join('\n')}`);
console.log(`\n${count.passed} passed, ${count.failed} failed`);
process.exitCode = count.failed ? 1 : 0;

/**
 * `npm test`: everything, from a bare checkout with Node ≥ 20 at hand: installs, lints, checks types, runs the unit tests.
 * The last line is `N passed, N failed`; the exit status is 1 if anything failed.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { install, run } from './workspace.mjs';

const results = mkdtempSync(join(tmpdir(), 'tabllama-test-'));
const count = { passed: 0, failed: 0 };
const notable = [];

/** Runs a tool that is one test by itself. */
async function check(name, command, args) {
  console.log(`\n── ${name}`);
  const ok = (await run(command, args)) === 0;
  count[ok ? 'passed' : 'failed']++;
  if (!ok) notable.push(`failed: ${name}`);
}

/** Runs Vitest and counts its tests. A run that wrote no report, or failed outside its tests, counts as one failure. */
async function unit(name, filters, env) {
  console.log(`\n── ${name}`);
  const file = join(results, `${name}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const status = await run('vitest', ['run', ...filters, ...reporters], { env });
  let failed = 0;
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'));
    for (const suite of report.testResults) {
      for (const test of suite.assertionResults) {
        if (test.status === 'passed') count.passed++;
        else if (test.status === 'failed') failed++;
        if (test.status !== 'passed') notable.push(`${test.status}: ${test.fullName}`);
      }
    }
  } catch (error) {
    notable.push(`failed: ${name}: ${error.message}`);
  }
  if (status !== 0 && failed === 0) {
    failed = 1;
    notable.push(`failed: ${name} exited with ${status}`);
  }
  count.failed += failed;
}

try {
  await install();
  await check('lint', 'biome', ['check', '.']);
  await check('types', 'tsc', ['-b']);
  await unit('unit', []);
} catch (error) {
  count.failed++;
  notable.push(`failed: ${error.message}`);
} finally {
  rmSync(results, { recursive: true, force: true });
}
if (notable.length) console.log(`\n${notable.join('\n')}`);
console.log(`\n${count.passed} passed, ${count.failed} failed`);
process.exitCode = count.failed ? 1 : 0;

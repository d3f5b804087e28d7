import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { repoRoot } from '../../build/paths.ts';
import { FAULTS } from '../faults/table.ts';

let dir: string;
before(() => (dir = mkdtempSync(join(tmpdir(), 'kpt-faults-'))));
after(() => rmSync(dir, { recursive: true }));

/** The names that tests or suites are given in a file, as they are written there. */
const namesOf = (text: string, what: string): string[] =>
  [...text.matchAll(new RegExp(`\\b(?:${what})\\(\\s*(['"\`])((?:\\\\.|(?!\\1).)*)\\1`, 'gs'))].map(
    ([, , name = '']) => name,
  );

/** Whether a name as it is written begins with these words, as far as its file tells. */
function begins(written: string, words: string): boolean {
  const [fixed = '', made] = written.split('${');
  return fixed.startsWith(words) || (made !== undefined && fixed !== '' && words.startsWith(fixed));
}

test('each fault is named once, and the test that plays it exists', () => {
  assert.equal(new Set(FAULTS.map(({ fault }) => fault)).size, FAULTS.length);
  for (const { fault, file, test: name } of FAULTS) {
    assert.notEqual(name, '', `${fault}: every test of ${file}`);
    const text = readFileSync(join(repoRoot, 'test', file), 'utf8');
    const names = namesOf(text, 'test|it');
    assert.ok(
      names.some((written) => begins(written, name)),
      `${fault}: "${name}" in ${file}, which has\n${names.join('\n')}`,
    );
    // node:test would run all of it.
    const suites = namesOf(text, 'describe|suite');
    assert.deepEqual(
      suites.filter((written) => written.startsWith(name)),
      [],
      `${fault}: a suite has that name`,
    );
  }
});

const PLAYED = `
import { appendFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
const log = (text) => appendFileSync(process.env.PLAYED_LOG, text + '\\n');
test('alone', () => log('alone'));
test('nobody asked for it', () => log('other'));
describe('a suite', () => {
  test('deep (a|b)', () => log('suite'));
  describe('another in it', () => {
    test('deeper (a|b)', () => log('other'));
    for (const kernel of ['1', '2']) test(\`on \${kernel}: twice\`, () => log(kernel));
    test('fails', () => { throw new Error('as it must\\nmore'); });
    test('skipped', { skip: true }, () => log('skipped'));
  });
});
describe('broken', () => {
  before(() => { throw new Error('no guest'); });
  test('never begun', () => log('begun'));
});
`;

test('what plays a fault is run within suites of any depth, nothing else is, and what does not run is told', () => {
  const [file, script, log] = ['played.test.mjs', 'play.mts', 'log'].map((name) => join(dir, name));
  assert.ok(file !== undefined && script !== undefined && log !== undefined);
  const names = ['alone', 'deep (a|b)', 'on ', 'fails', 'skipped', 'never begun', 'renamed since'];
  writeFileSync(file, PLAYED);
  writeFileSync(
    script,
    `import { held, play, told } from ${JSON.stringify(join(repoRoot, 'test/faults/play.ts'))};
     const faults = ${JSON.stringify(names.map((name) => ({ fault: name, file: '', test: name })))};
     const { outcomes } = await play(${JSON.stringify(file)}, faults, () => undefined);
     console.log(JSON.stringify([...outcomes].map(([{ test }, outcome]) => [test, held(outcome), told(outcome).replace(/, [^,]*$/, '')])));`,
  );
  // A process of its own: node:test runs no files from within a test.
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', script], {
    cwd: repoRoot,
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, PLAYED_LOG: log },
    encoding: 'utf8',
  });
  assert.notEqual(stdout, '', stderr);
  assert.deepEqual(JSON.parse(stdout), [
    ['alone', true, 'held 1 of 1 times'],
    ['deep (a|b)', true, 'held 1 of 1 times'],
    ['on ', true, 'held 2 of 2 times'],
    ['fails', false, 'FAILED: as it must'],
    ['skipped', false, 'WAS NOT PLAYED'],
    ['never begun', false, 'FAILED: broken: no guest'],
    ['renamed since', false, 'WAS NOT PLAYED'],
  ]);
  assert.deepEqual(readFileSync(log, 'utf8').trim().split('\n').sort(), ['1', '2', 'alone', 'suite']);
});

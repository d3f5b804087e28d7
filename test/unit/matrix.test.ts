import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../../build/paths.ts';
import { fits, inTurn, MATRIX_MINUTES } from '../matrix.ts';

test('each file of the matrix says how long it takes', () => {
  const dir = join(repoRoot, 'test');
  const files = readdirSync(join(dir, 'lab'), { recursive: true, encoding: 'utf8' })
    .map((name) => `lab/${name}`)
    .filter(
      (name) =>
        name.endsWith('.matrix.ts') ||
        (name.endsWith('.test.ts') && readFileSync(join(dir, name), 'utf8').includes('kernelsPlayed(')),
    );
  assert.deepEqual(files.sort(), Object.keys(MATRIX_MINUTES).sort());
});

test('all files have their turn to be the first', () => {
  const files = ['a', 'b', 'c'];
  const firsts = [20_000, 20_001, 20_002].map((day) => inTurn(files, day));
  assert.deepEqual(new Set(firsts.map(([first]) => first)), new Set(files));
  for (const turn of firsts) assert.deepEqual([...turn].sort(), files);
  assert.deepEqual(inTurn([], 20_000), []);
});

test('what may not end in time is not begun', () => {
  const [file = '', minutes = 0] = Object.entries(MATRIX_MINUTES)[0] ?? [];
  assert.ok(fits(file, minutes * 2));
  assert.ok(!fits(file, minutes), 'a machine may be slower than the one of the estimate');
  assert.ok(!fits('lab/unknown.test.ts', 1000));
});

test('a suite is played on its first kernel with every change, in the matrix on the others', () => {
  const played = (kernels: string | undefined) =>
    spawnSync(
      process.execPath,
      [
        ...['--import', 'tsx', '--input-type=module', '--eval'],
        `import { kernelsPlayed } from './test/lab/kernels-played.ts'; console.log(kernelsPlayed(['a', 'b', 'c']).join());`,
      ],
      { cwd: repoRoot, encoding: 'utf8', env: { ...process.env, KPT_KERNELS: kernels } },
    ).stdout.trim();
  assert.equal(played(undefined), 'a');
  assert.equal(played('others'), 'b,c');
  assert.equal(played('all'), 'a,b,c');
});

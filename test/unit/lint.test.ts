import { test } from 'node:test';
import { join } from 'node:path';
import { repoRoot } from '../../build/paths.ts';
import { run } from '../../build/run.ts';

const bin = (name: string) => join(repoRoot, 'node_modules', '.bin', name);

test('TypeScript finds no error', async () => {
  await run(bin('tsc'), ['--noEmit'], { cwd: repoRoot });
});

test('ESLint, the layer rules included, finds nothing', async () => {
  await run(bin('eslint'), ['.', '--max-warnings', '0'], { cwd: repoRoot });
});

test('Prettier would change nothing', async () => {
  await run(bin('prettier'), ['--check', '.'], { cwd: repoRoot });
});

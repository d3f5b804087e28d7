import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../../build/paths.ts';
import { FAULTS } from '../faults/table.ts';

test('each fault is named once, and the test that plays it exists', () => {
  assert.equal(new Set(FAULTS.map(({ fault }) => fault)).size, FAULTS.length);
  for (const { fault, file, test: name } of FAULTS) {
    const text = readFileSync(join(repoRoot, 'test', file), 'utf8');
    assert.ok(
      ['"', "'", '`'].some((quote) => text.includes(`${quote}${name}`)),
      `${fault}: ${name} in ${file}`,
    );
  }
});

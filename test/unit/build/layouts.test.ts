import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { layouts } from '../../../build/layouts.ts';
import { repoRoot } from '../../../build/paths.ts';
import { EventFlag, EventKind, EventLayout } from '../../../common/layouts.ts';

test('common/layouts.ts is what the headers of the BPF programs say', async () => {
  assert.equal(readFileSync(join(repoRoot, 'common/layouts.ts'), 'utf8'), await layouts());
});

test('structures and numbers are read from the type information', () => {
  assert.deepEqual([EventLayout.cpu, EventLayout.sourceAddress, EventLayout.bytes], [60, 72, 128]);
  assert.deepEqual({ ...EventKind }, { Function: 0, Drop: 1 });
  assert.deepEqual({ ...EventFlag }, { Tuple: 1, Ipv6: 2, Fragment: 4 });
});

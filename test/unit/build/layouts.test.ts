import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { layouts } from '../../../build/layouts.ts';
import { repoRoot } from '../../../build/paths.ts';
import {
  EventHeaderLayout,
  EventKind,
  Ipv6SectionLayout,
  TraceConfigLayout,
  TupleFlag,
} from '../../../common/layouts.ts';

test('common/layouts.ts is what the headers of the BPF programs say', async () => {
  assert.equal(readFileSync(join(repoRoot, 'common/layouts.ts'), 'utf8'), await layouts());
});

test('structures and numbers are read from the type information', () => {
  const { cpuKind, sections, bytes } = EventHeaderLayout;
  assert.deepEqual([cpuKind, sections, bytes], [20, 22, 24]);
  assert.deepEqual([Ipv6SectionLayout.destination, Ipv6SectionLayout.bytes], [16, 40]);
  assert.deepEqual({ ...EventKind }, { Step: 0, Drop: 1, Copy: 2, Merge: 3, Origin: 4, Verdict: 5 });
  assert.deepEqual({ ...TupleFlag }, { Ipv4: 1, Ipv6: 2, Fragment: 4 });
});

test('padding is in no field: what follows it lies behind it', () => {
  assert.deepEqual([TraceConfigLayout.track, TraceConfigLayout.extras], [7, 10]);
});

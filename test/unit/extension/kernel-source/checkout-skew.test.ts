import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { bundle } from '../../../../build/bundle.ts';
import { distDir } from '../../../../build/paths.ts';
import { skewOf } from '../../../../extension/kernel-source/checkout-skew.ts';
import { KernelSource } from '../../../../extension/kernel-source/kernel-source.ts';
import { define, LANDMARKS, writeTree } from '../../../support/source/source-tree.ts';

const made: string[] = [];
before(() => bundle());
after(() => Promise.all(made.map((dir) => rm(dir, { recursive: true }))));

const PROC_VERSION =
  'Linux version 6.1.0-56-cloud-amd64 (debian@debian) #1 SMP Debian 6.1.192-2 (2026-01-01)';

async function skewWith(makefile: string, functions: readonly string[]) {
  const names = Array.from({ length: 60 }, (_, number) => `skb_${number}`);
  const root = await writeTree({
    ...LANDMARKS,
    'net/core/dev.c': names.map((name) => define(name)).join(''),
  });
  await writeFile(join(root, 'Makefile'), makefile);
  const cacheDir = await mkdtemp(join(tmpdir(), 'kernel-source-cache-'));
  made.push(root, cacheDir);
  const source = new KernelSource(root, { distDir, cacheDir });
  try {
    return await skewOf(source, PROC_VERSION, [...names.map((name) => `${name}.isra.0`), ...functions]);
  } finally {
    source.dispose();
  }
}

test('compares a checkout with the kernel that is traced', async () => {
  const makefile = 'VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 192\n';
  assert.equal((await skewWith(makefile, []))?.level, 'same');
  assert.equal((await skewWith(makefile.replace('192', '170'), []))?.level, 'near');
  const other = await skewWith(makefile, ['new_1', 'new_2', 'new_3']);
  assert.equal(other?.level, 'other');
  assert.match(other.message, /3 of 63 .*new_1/);
  assert.match(other.remedy, /linux-source-6\.1/);
});

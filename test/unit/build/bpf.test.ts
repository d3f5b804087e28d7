import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildBpf } from '../../../build/bpf.ts';
import { distDir } from '../../../build/paths.ts';

test('programs that there are no more are not shipped', async () => {
  const folders = ['linux-x64', 'linux-arm64'].map((name) => join(distDir, 'agent', name));
  for (const folder of folders) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'gone.bpf.o'), '');
  }
  await buildBpf();
  for (const folder of folders) {
    const programs = readdirSync(folder).filter((name) => name.endsWith('.bpf.o'));
    assert.deepEqual(programs.sort(), [
      'count.bpf.o',
      'follow.bpf.o',
      'follow.no-kfuncs.bpf.o',
      'match.bpf.o',
      'packet-programs.bpf.o',
      'packet-programs.no-kfuncs.bpf.o',
      'probes.bpf.o',
      'probes.no-kfuncs.bpf.o',
    ]);
  }
});

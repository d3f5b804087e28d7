/** The binaries of dist/agent run on every target that Node itself runs on. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { distDir } from '../../../../build/paths.ts';
import { run } from '../../../../build/run.ts';
import { platforms } from '../../../../build/packages/versions.ts';

/** The floor of Node 20 to 24. */
const GLIBC = [2, 28] as const;
const OF_EVERY_SYSTEM = /^(lib(c|m|dl|pthread|rt|stdc\+\+|gcc_s)\.so\.\d|ld-linux-(x86-64|aarch64)\.so\.\d)$/;
const MACHINES = { 'linux-x64': 'X86-64', 'linux-arm64': 'AArch64' } as const;

for (const platform of platforms) {
  const folder = join(distDir, 'agent', platform);
  const shipped = readdirSync(folder);

  test(`${platform} has all its parts`, () => {
    assert.deepEqual(shipped.sort(), [
      'count.bpf.o',
      'follow.bpf.o',
      'follow.no-kfuncs.bpf.o',
      'koffi.node',
      'libbpf.so.1',
      'libelf.so.1',
      'libz.so.1',
      'match.bpf.o',
      'packet-programs.bpf.o',
      'packet-programs.no-kfuncs.bpf.o',
      'probes.bpf.o',
      'probes.no-kfuncs.bpf.o',
    ]);
  });

  for (const file of shipped.filter((name) => !name.endsWith('.o')))
    test(`${platform}/${file} needs nothing that a target may lack`, async () => {
      const path = join(folder, file);
      assert.match(await run('llvm-readelf', ['-h', path]), new RegExp(MACHINES[platform]));
      const needed = [...(await run('llvm-readelf', ['-d', path])).matchAll(/Shared library: \[(.*)\]/g)];
      for (const [, name] of needed)
        assert.ok(OF_EVERY_SYSTEM.test(name ?? '') || shipped.includes(name ?? ''), `needs ${name}`);
      const versions = await run('llvm-readelf', ['-V', path]);
      for (const [text, major, minor] of versions.matchAll(/GLIBC_(\d+)\.(\d+)/g))
        assert.ok(Number(major) === GLIBC[0] && Number(minor) <= GLIBC[1], `needs ${text}`);
    });
}

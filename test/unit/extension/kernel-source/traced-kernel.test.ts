import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { bundle } from '../../../../build/bundle.ts';
import { distDir } from '../../../../build/paths.ts';
import { skewOf } from '../../../../extension/kernel-source/checkout-skew.ts';
import { KernelSource } from '../../../../extension/kernel-source/kernel-source.ts';
import { lineText } from '../../../../extension/kernel-source/symbolizer/line-text.ts';
import { TracedKernel } from '../../../../extension/kernel-source/traced-kernel.ts';
import type { KernelBuild, Neighbourhood } from '../../../../common/protocol.ts';
import { define, LANDMARKS, writeTree } from '../../../support/source/source-tree.ts';

const pack = (text: string) => gzipSync(text).toString('base64');

const TEXT_START = 0xffff_8100_0000;
const [RCV, EVAL, UNKNOWN] = [TEXT_START + 0x100, 0xffff_c000_0000, TEXT_START + 0x900];

const NEIGHBOURHOOD: Neighbourhood = {
  names: ['far', 'a', 'b.cold', 'c', 'd', 'e', 'f', 'ip_rcv', 'g', 'h', '', 'nft_first', 'nft_eval'],
  positions: [7, 12],
  distances: [0x40, 0],
};

function kernel(more: Partial<KernelBuild> = {}): TracedKernel {
  return new TracedKernel(
    [
      { address: RCV, name: 'ip_rcv', module: '', argument: 1 },
      { address: EVAL, name: 'nft_eval', module: 'nf_tables', argument: 2 },
    ],
    {
      type: 'kernel-build',
      buildIds: { modules: {} },
      config: pack('CONFIG_NET=y\n'),
      textStart: TEXT_START,
      neighbourhood: pack(JSON.stringify(NEIGHBOURHOOD)),
      ...more,
    },
  );
}

const at = (start: number, name: string, module = '') => ({ name, module, start, offset: 0 });

test('names the functions around one, nearest first, as the source has them', () => {
  const names = ['f', 'e', 'd', 'c', 'b', 'a', 'g', 'h']; // no further than six, nor into another module
  assert.deepEqual(kernel().neighbours(at(RCV, 'ip_rcv')), names);
  assert.deepEqual(kernel().neighbours(at(EVAL, 'nft_eval', 'nf_tables')), ['nft_first']);
  assert.deepEqual(kernel().neighbours(at(UNKNOWN, 'other')), []);
  const drop = { ...at(UNKNOWN, 'other'), neighbours: ['x.isra.0'] };
  assert.deepEqual(kernel().neighbours(drop), ['x']); // the agent told with the place
});

test('makes of a drop the place of the call before it', () => {
  const drop = { ...at(UNKNOWN, 'other'), offset: 0x1a, distance: 0x80, buildId: 'abcd' };
  assert.deepEqual(kernel().codePlace(drop), {
    name: 'other',
    module: '',
    offset: 0x1a,
    isReturnAddress: true,
    distance: 0x80,
    buildId: 'abcd',
    fromStext: 0x900,
  });
});

test('knows distances of probed functions, and none where the agent does not', () => {
  const entry = kernel().codePlace(at(RCV, 'ip_rcv'));
  assert.deepEqual([entry.distance, entry.isReturnAddress, entry.fromStext], [0x40, false, 0x100]);
  const module = kernel({ textStart: null }).codePlace(at(EVAL, 'nft_eval', 'nf_tables'));
  assert.deepEqual([module.distance, 'fromStext' in module], [undefined, false]);
});

test('unpacks the configuration, where there is one', () => {
  assert.equal(kernel().config, 'CONFIG_NET=y\n');
  assert.equal(kernel({ config: null }).config, undefined);
  assert.equal(kernel({ config: 'bm8gZ3ppcA==' }).config, undefined);
});

test('writes a line with what it was inlined in', () => {
  const frame = (name: string, path: string | undefined, line: number) => {
    return { function: name, path, file: `/build/${name}.c`, line };
  };
  assert.equal(lineText([]), '');
  assert.equal(lineText([frame('ip_rcv', 'net/ipv4/ip_input.c', 12)]), 'net/ipv4/ip_input.c:12');
  assert.equal(
    lineText([frame('skb_drop', undefined, 3), frame('ip_rcv', 'net/ipv4/ip_input.c', 12)]),
    '/build/skb_drop.c:3 (inlined in ip_rcv, net/ipv4/ip_input.c:12)',
  );
});

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

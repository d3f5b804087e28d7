import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { TracedKernel } from '../../../../extension/kernel-source/traced-kernel.ts';
import type { KernelBuild, Neighbourhood } from '../../../../common/protocol.ts';

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
      types: '',
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
  assert.deepEqual(kernel({ neighbourhood: '' }).neighbours(at(RCV, 'ip_rcv')), []); // it could not find out
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

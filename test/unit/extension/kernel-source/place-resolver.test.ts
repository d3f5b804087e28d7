import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { KernelSource, TargetKernel } from '../../../../extension/kernel-source/kernel-source.ts';
import { type KernelFacts, PlaceResolver } from '../../../../extension/kernel-source/place-resolver.ts';
import type { Reference } from '../../../../extension/kernel-source/resolve/evidence.ts';
import { attached, functionAddress, hello } from '../../../support/agent/records.ts';

const UNTOLD: KernelFacts = { hello: undefined, attached: undefined, build: undefined };
const pack = (text: string) => gzipSync(text).toString('base64');
const TOLD: KernelFacts = {
  hello: hello(),
  attached: attached(['ip_rcv', 'ip_rcv_core.isra.0']),
  build: {
    type: 'kernel-build',
    buildIds: { modules: {} },
    config: pack('CONFIG_NET=y\n'),
    textStart: null,
    neighbourhood: pack('{"names":["before","ip_rcv","after.cold"],"positions":[1,-1],"distances":[64,0]}'),
    types: '',
  },
};

/** A checkout without any function, which keeps what it is told and asked. */
function setUp(facts: KernelFacts) {
  const targets: TargetKernel[] = [];
  const asked: Reference[] = [];
  const source = {
    root: '/checkout',
    setTarget: (target: TargetKernel) => targets.push(target),
    find: (reference: Reference) => {
      asked.push(reference);
      return Promise.resolve({ candidates: [], certain: false });
    },
  } as unknown as KernelSource;
  const resolver = new PlaceResolver(source, facts, { distDir: '/nowhere', debugInfo: undefined });
  return { resolver, targets, asked };
}

const entry = { name: 'ip_rcv', module: '', start: functionAddress(0), offset: 0 };

test('tells the checkout which kernel is traced, and what lies around a function', async () => {
  const { resolver, targets, asked } = setUp(TOLD);
  assert.deepEqual(targets, [{ machine: TOLD.hello?.machine, config: 'CONFIG_NET=y\n' }]);
  const found = await resolver.resolve(entry, true);
  assert.deepEqual(found, {
    kind: 'definition',
    resolution: { candidates: [], certain: false },
    reason: undefined, // nothing but the definition was asked for
  });
  assert.deepEqual(asked, [
    { name: 'ip_rcv', module: 'vmlinux', neighbours: ['before', 'after'], takesSkb: true },
  ]);
});

test('of a kernel that told nothing it looks for names only, and says why there is no line', async () => {
  const { resolver, targets, asked } = setUp(UNTOLD);
  const place = { ...entry, offset: 0x1a };
  assert.equal((await resolver.resolve(place, false)).kind, 'definition');
  const answer = await resolver.line(place);
  assert.match(answer.kind === 'definition' ? answer.reason : '', /not told which kernel build/);
  await resolver.definitions({ name: 'nft_eval.part.0', module: 'nf_tables', takesSkb: true });
  await resolver.definitions({ name: 'ip_rcv', module: undefined, takesSkb: false });
  assert.deepEqual(targets, []);
  assert.deepEqual(
    asked.map(({ name, module, neighbours }) => [name, module, neighbours]),
    [
      ['ip_rcv', 'vmlinux', []],
      ['nft_eval', 'nf_tables', []],
      ['ip_rcv', '', []],
    ],
  );
});

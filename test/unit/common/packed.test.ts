import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ProtocolError } from '../../../common/errors.ts';
import {
  checkPacked,
  CONFIG_LIMIT,
  NEIGHBOURHOOD_LIMIT,
  unpackConfig,
  unpackNeighbourhood,
} from '../../../common/packed.ts';
import type { KernelBuild } from '../../../common/protocol.ts';

const pack = (text: string | Buffer) => gzipSync(text).toString('base64');

const NEIGHBOURHOOD = { names: ['a', 'b'], positions: [1], distances: [64] };

const build = (more: Partial<KernelBuild> = {}): KernelBuild => ({
  type: 'kernel-build',
  buildIds: { modules: {} },
  config: pack('CONFIG_NET=y\n'),
  textStart: null,
  neighbourhood: pack(JSON.stringify(NEIGHBOURHOOD)),
  types: '',
  ...more,
});

test('what is packed within its limits comes out', async () => {
  await checkPacked(build());
  assert.equal(unpackConfig(build()), 'CONFIG_NET=y\n');
  assert.deepEqual(unpackNeighbourhood(build()), NEIGHBOURHOOD);
});

test('what the agent does not know is empty', async () => {
  await checkPacked(build({ config: null, neighbourhood: '' }));
  assert.equal(unpackConfig({ config: null }), undefined);
  assert.deepEqual(unpackNeighbourhood({ neighbourhood: '' }).names, []);
});

test('a configuration file that is no gzip is none', async () => {
  await checkPacked(build({ config: 'bm8gZ3ppcA==' }));
  assert.equal(unpackConfig({ config: 'bm8gZ3ppcA==' }), undefined);
});

const REFUSED: [name: string, more: Partial<KernelBuild>, says: RegExp][] = [
  [
    'a large configuration',
    { config: pack(Buffer.alloc(CONFIG_LIMIT + 1)) },
    /config unpacks to more than 4194304/,
  ],
  [
    'a large neighbourhood',
    { neighbourhood: pack(Buffer.alloc(NEIGHBOURHOOD_LIMIT + 1)) },
    /neighbourhood unpacks to more than 16777216/,
  ],
  ['a neighbourhood that is no gzip', { neighbourhood: 'bm8gZ3ppcA==' }, /neighbourhood is no gzip/],
  ['one that is no JSON', { neighbourhood: pack('{') }, /neighbourhood is no JSON/],
  [
    'one of another shape',
    { neighbourhood: pack(JSON.stringify({ ...NEIGHBOURHOOD, names: [1] })) },
    /neighbourhood\.names\[0\] is 1, not a text/,
  ],
];

for (const [name, more, says] of REFUSED)
  test(`is refused: ${name}`, async () => {
    const named = (error: unknown) => error instanceof ProtocolError && says.test(error.message);
    await assert.rejects(checkPacked(build(more)), named);
    if (more.neighbourhood !== undefined) assert.throws(() => unpackNeighbourhood(build(more)), named);
    else assert.equal(unpackConfig(build(more)), undefined);
  });

import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { KernelFacts } from '../../../../remote-agent/plan/facts.ts';
import { FactsCache } from '../../../../remote-agent/plan/facts-cache.ts';

const ME = process.geteuid?.() ?? -1;
const MODULES = 'veth 0xffffffffc0000000\n';

const FACTS: KernelFacts = {
  functions: [{ name: 'ip_rcv', module: '', argument: 1 }],
  symbols: [{ address: 0xffff_ffff_8100_0000n, name: 'ip_rcv', source: 'ip_rcv', module: '' }],
  traceable: null,
  blacklist: [{ start: 1n, end: 2n }],
  modulesWithoutBtf: ['old'],
  btf: { problem: undefined, modulesWith: 1, modulesWithout: 1, ringBuffer: true },
  dropReasons: { names: [{ value: 2, name: 'NOT_SPECIFIED' }], argument: 2 },
  pages: { vmemmapBase: 0n, pageOffsetBase: 0xffff_8880_0000_0000n, pageBytes: 4096 },
  directReads: undefined,
};

function folderFor(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'facts-'));
  t.after(() => {
    rmSync(root, { recursive: true });
  });
  return join(root, 'kept');
}

test('what was kept is read again, by nobody else', (t) => {
  const folder = folderFor(t);
  const cache = new FactsCache(MODULES, folder, ME);
  assert.equal(cache.read(), undefined);
  cache.keep(FACTS);
  assert.deepEqual(cache.read(), FACTS);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  const [name = ''] = readdirSync(folder);
  assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
});

test('with other modules it is not, and their facts take its place', (t) => {
  const folder = folderFor(t);
  new FactsCache(MODULES, folder, ME).keep(FACTS);
  const other = new FactsCache('', folder, ME);
  assert.equal(other.read(), undefined);
  other.keep(FACTS);
  assert.deepEqual(other.read(), FACTS);
  assert.equal(readdirSync(folder).length, 1);
});

test('what others may have written is not believed, nor what is damaged', (t) => {
  const folder = folderFor(t);
  const cache = new FactsCache(MODULES, folder, ME);
  cache.keep(FACTS);
  const [name = ''] = readdirSync(folder);
  const path = join(folder, name);

  chmodSync(folder, 0o777);
  assert.equal(cache.read(), undefined);
  chmodSync(folder, 0o700);
  chmodSync(path, 0o666);
  assert.equal(cache.read(), undefined);
  chmodSync(path, 0o600);
  assert.deepEqual(cache.read(), FACTS);

  renameSync(path, join(folder, 'elsewhere'));
  symlinkSync(join(folder, 'elsewhere'), path);
  assert.equal(cache.read(), undefined);
  rmSync(path);
  renameSync(join(folder, 'elsewhere'), path);
  truncateSync(path, statSync(path).size - 4);
  assert.equal(cache.read(), undefined);
});

test('only the owner keeps and reads', (t) => {
  const folder = folderFor(t);
  const stranger = new FactsCache(MODULES, folder, ME + 1);
  stranger.keep(FACTS);
  assert.equal(stranger.read(), undefined);
  const own = new FactsCache(MODULES, folder, ME);
  own.keep(FACTS);
  assert.deepEqual(own.read(), FACTS);
  assert.equal(stranger.read(), undefined);
});

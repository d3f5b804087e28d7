import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadedModules, moduleNames, newModules } from '../../../../remote-agent/kernel/modules.ts';

test('tells which modules are loaded and where, whoever uses them', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'modules-'));
  t.after(() => rm(dir, { recursive: true }));
  const path = join(dir, 'modules');
  const lines = [
    'nf_nat 57344 2 nft_nat,nft_masq, Live 0xffffffffc0200000',
    'veth 45056 0 - Live 0xffffffffc0100000',
    'wireguard 98304 0 - Live 0xffffffffc0000000 (E)',
  ];
  await writeFile(path, `${lines.join('\n')}\n`);
  const modules = loadedModules(path);
  assert.equal(modules, 'nf_nat 0xffffffffc0200000\nveth 0xffffffffc0100000\nwireguard 0xffffffffc0000000\n');
  assert.deepEqual(moduleNames(modules), ['nf_nat', 'veth', 'wireguard']);
});

test('a module counts once its init function has returned', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'modules-'));
  t.after(() => rm(dir, { recursive: true }));
  const path = join(dir, 'modules');
  const write = async (...lines: string[]) => {
    await writeFile(path, lines.map((line) => `${line}\n`).join(''));
    return loadedModules(path);
  };
  const veth = 'veth 45056 0 - Live 0xffffffffc0100000';
  const before = await write(veth);
  const loading = await write('dummy 16384 1 - Loading 0xffffffffc0200000 (+)', veth);
  assert.deepEqual(newModules(before, loading), []);
  assert.deepEqual(moduleNames(loading), ['veth']);
  const live = await write('dummy 16384 0 - Live 0xffffffffc0200000', veth);
  assert.deepEqual(newModules(loading, live), ['dummy']);
  assert.deepEqual(newModules(live, live), []);
  assert.deepEqual(newModules(live, await write(veth)), []); // it went
  assert.deepEqual(newModules(live, live.replace('c0200000', 'c0300000')), ['dummy']); // loaded again
});

test('a kernel without modules has none', () => {
  assert.equal(loadedModules('/nonexistent'), '');
  assert.deepEqual(moduleNames(''), []);
});

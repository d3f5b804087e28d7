import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { cachedFolder, recipeHash } from './cache.ts';
import { loadOrder } from './initramfs.ts';

const cache = mkdtempSync(join(tmpdir(), 'packet-trace-cache-'));
const configured = process.env.KPT_CACHE;
before(() => {
  process.env.KPT_CACHE = cache;
});
after(() => {
  if (configured === undefined) delete process.env.KPT_CACHE;
  else process.env.KPT_CACHE = configured;
  rmSync(cache, { recursive: true });
});

const folders = () => readdirSync(join(cache, 'lab')).filter((name) => name.includes('~'));

test('a cached folder is made once, whole, and replaces what is no longer used', async () => {
  let fills = 0;
  const fill = async (dir: string) => {
    fills++;
    await writeFile(join(dir, 'half'), '');
    await sleep(50); // others ask meanwhile
    await writeFile(join(dir, 'whole'), 'content');
  };
  const [first = '', second] = await Promise.all([
    cachedFolder('image', 'one', fill),
    cachedFolder('image', 'one', fill),
  ]);
  assert.equal(first, second);
  assert.equal(fills, 1);
  assert.equal(readFileSync(join(first, 'whole'), 'utf8'), 'content');

  await cachedFolder('image-other', 'one', fill);
  mkdirSync(join(cache, 'lab', 'image~tmp-killed')); // of a run that was killed
  writeFileSync(join(cache, 'lab', 'image~tmp-killed', 'half'), '');
  await cachedFolder('image', 'two', fill);
  assert.deepEqual(folders().sort(), ['image-other~one', 'image~two']);
});

test('a failed fill leaves no folder that looks made', async () => {
  const failing = () => Promise.reject(new Error('no room'));
  await assert.rejects(cachedFolder('broken', 'one', failing), /no room/);
  let filled = false;
  await cachedFolder('broken', 'one', () => {
    filled = true;
    return Promise.resolve();
  });
  assert.equal(filled, true);
  assert.deepEqual(
    folders().filter((name) => name.startsWith('broken')),
    ['broken~one'],
  );
});

test('a recipe’s hash changes with every part of it', () => {
  assert.equal(recipeHash(['a', ['b']]), recipeHash(['a', ['b']]));
  assert.notEqual(recipeHash(['a', ['b']]), recipeHash(['a', 'b']));
});

test('modules are loaded after what they depend on', () => {
  const dep = [
    'kernel/net_failover.ko.xz: kernel/failover.ko.xz',
    'kernel/failover.ko.xz:',
    'kernel/virtio-net.ko.xz: kernel/net_failover.ko.xz kernel/failover.ko.xz',
    'kernel/ext4.ko.xz: kernel/jbd2.ko.xz kernel/mbcache.ko.xz',
    'kernel/jbd2.ko.xz:',
    'kernel/mbcache.ko.xz:',
  ].join('\n');
  const order = loadOrder(dep, ['virtio_net', 'ext4', 'built_in']);
  const names = order.map((file) => file.replace(/^kernel\/|\.ko\.xz$/g, ''));
  assert.deepEqual(names, ['failover', 'net_failover', 'virtio-net', 'mbcache', 'jbd2', 'ext4']);
});

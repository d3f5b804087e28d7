import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { findCheckout, isKernelTree } from '../../extension/kernel-source/checkout.ts';
import { rankDefinitions } from '../../extension/kernel-source/ranking.ts';
import { KernelSource } from '../../extension/kernel-source/search.ts';

const made: string[] = [];
after(() => Promise.all(made.map((dir) => rm(dir, { recursive: true }))));

async function tree(files: Record<string, string>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'kernel-source-'));
  made.push(dir);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
  return dir;
}

const LANDMARKS = { Kbuild: '', MAINTAINERS: '', 'net/core/skbuff.c': '' };
const define = (name: string) => `int ${name}(struct sk_buff *skb)\n{\n\treturn 0;\n}\n`;

/** `path:line` of what is found, line from 1. */
async function find(root: string, name: string, module = ''): Promise<string[]> {
  const { definitions } = await new KernelSource(root).find(name, module);
  return definitions.map(({ path, line }) => `${path}:${line + 1}`);
}

test('a checkout is known by its landmarks', async () => {
  const root = await tree(LANDMARKS);
  assert.equal(await isKernelTree(root), true);
  await rm(join(root, 'MAINTAINERS'));
  assert.equal(await isKernelTree(root), false);
});

test('a checkout is found as a folder, inside one, and through a link', async () => {
  const checkout = await tree(LANDMARKS);
  const other = await tree({ 'readme.txt': '' });
  assert.equal(await findCheckout([other, checkout]), checkout);
  assert.equal(await findCheckout([other, join(other, 'no-such-folder')]), undefined);
  const inside = await tree({
    'linux/Kbuild': '',
    'linux/MAINTAINERS': '',
    'linux/net/core/skbuff.c': '',
    'a/b': '',
  });
  assert.equal(await findCheckout([other, inside]), join(inside, 'linux'));
  await symlink(checkout, join(other, 'kernel'));
  assert.equal(await findCheckout([other]), join(other, 'kernel'));
});

test('the search goes from networking to the rest and leaves out what is not kernel', async () => {
  const root = await tree({
    'net/core/dev.c': `#include <x.h>\n${define('in_net')}`,
    'security/hooks.c': define('in_security'),
    'arch/x86/a.c': define('in_arch'),
    'tools/testing/a.c': define('in_tools') + define('in_net'),
    'net/readme.txt': define('in_text'),
  });
  assert.deepEqual(await find(root, 'in_net'), ['net/core/dev.c:2']);
  assert.deepEqual(await find(root, 'in_security'), ['security/hooks.c:1']);
  assert.deepEqual(await find(root, 'in_arch'), ['arch/x86/a.c:1']);
  assert.deepEqual(await find(root, 'in_tools'), []);
  assert.deepEqual(await find(root, 'in_text'), []);
});

test('each file is searched once', async () => {
  const root = await tree({ 'include/linux/skbuff.h': define('f'), 'include/net/f.h': define('f') });
  assert.deepEqual(await find(root, 'f'), ['include/linux/skbuff.h:1', 'include/net/f.h:1']);
});

test('the module decides between functions of one name', async () => {
  const root = await tree({
    'net/netfilter/xt_tcpudp.c': define('tcp_mt'),
    'net/other.c': define('tcp_mt'),
    'drivers/net/e1000/main.c': define('xmit'),
    'drivers/net/e1000e/netdev.c': define('xmit'),
    'net/xmit.c': define('xmit'),
  });
  const source = new KernelSource(root);
  const first = await source.find('tcp_mt', 'xt_tcpudp');
  assert.equal(first.certain, true);
  assert.equal(first.definitions[0]?.path, 'net/netfilter/xt_tcpudp.c');
  const driver = await source.find('xmit', 'e1000e');
  assert.equal(driver.certain, true);
  assert.equal(driver.definitions[0]?.path, 'drivers/net/e1000e/netdev.c');
  const unknown = await source.find('tcp_mt', '');
  assert.equal(unknown.certain, false);
  assert.equal(unknown.definitions.length, 2);
});

test('a stub in a header does not compete with the function', () => {
  const at = (path: string) => ({ path, line: 0, column: 0 });
  const ranked = rankDefinitions([at('include/net/x.h'), at('net/ipv4/x.c')], '');
  assert.deepEqual(ranked, { definitions: [at('net/ipv4/x.c')], certain: true });
  assert.equal(rankDefinitions([at('include/net/x.h')], '').certain, true);
  assert.equal(rankDefinitions([], '').certain, false);
  const cores = rankDefinitions([at('net/wireless/a.c'), at('net/ipv6/a.c'), at('net/core/a.c')], '');
  assert.deepEqual(
    cores.definitions.map(({ path }) => path),
    ['net/core/a.c', 'net/ipv6/a.c', 'net/wireless/a.c'],
  );
});

test('what was found is remembered until its file changes', async () => {
  const root = await tree({ 'net/a.c': define('f') });
  const source = new KernelSource(root);
  assert.equal((await source.find('f', '')).definitions[0]?.line, 0);
  // Written anew with the old time: only a source that reads the file again would see the new line.
  const time = new Date(1_000_000_000_000);
  await utimes(join(root, 'net/a.c'), time, time);
  await source.find('f', '');
  await writeFile(join(root, 'net/a.c'), `\n\n${define('f')}`);
  await utimes(join(root, 'net/a.c'), time, time);
  assert.equal((await source.find('f', '')).definitions[0]?.line, 0);
  await utimes(join(root, 'net/a.c'), time, new Date(1_000_000_001_000));
  assert.equal((await source.find('f', '')).definitions[0]?.line, 2);
});

test('a function that is not there is looked for again', async () => {
  const root = await tree({ 'net/a.c': define('f') });
  const source = new KernelSource(root);
  assert.deepEqual((await source.find('g', '')).definitions, []);
  await writeFile(join(root, 'net/b.c'), define('g'));
  assert.equal((await source.find('g', '')).definitions[0]?.path, 'net/b.c');
});

test('a cancelled search rejects', async () => {
  const root = await tree({ 'net/a.c': define('f') });
  const abort = new AbortController();
  abort.abort();
  await assert.rejects(new KernelSource(root).find('f', '', abort.signal), { name: 'AbortError' });
});

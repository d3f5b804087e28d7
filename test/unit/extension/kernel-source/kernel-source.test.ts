import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { bundle } from '../../../../build/bundle.ts';
import { distDir } from '../../../../build/paths.ts';
import { findCheckout, isKernelTree } from '../../../../extension/kernel-source/checkout/find-checkout.ts';
import { cachePath, loadIndex } from '../../../../extension/kernel-source/index/cache-file.ts';
import { skewOf } from '../../../../extension/kernel-source/checkout-skew.ts';
import { KernelSource } from '../../../../extension/kernel-source/kernel-source.ts';
import { searchSymbols } from '../../../../extension/kernel-source/symbol-search.ts';
import { define, LANDMARKS, writeTree } from '../../../support/source/source-tree.ts';

const made: string[] = [];
before(() => bundle());
after(() => Promise.all(made.map((dir) => rm(dir, { recursive: true }))));

async function tree(files: Record<string, string>): Promise<string> {
  const root = await writeTree({ ...LANDMARKS, ...files });
  made.push(root);
  return root;
}

async function open(root: string, cacheDir?: string): Promise<{ source: KernelSource; cacheDir: string }> {
  const dir = cacheDir ?? (await mkdtemp(join(tmpdir(), 'kernel-source-cache-')));
  if (cacheDir === undefined) made.push(dir);
  return { source: new KernelSource(root, { distDir, cacheDir: dir }), cacheDir: dir };
}

/** `path:line` of what is found, line from 1. */
async function find(source: KernelSource, name: string, module = ''): Promise<string[]> {
  const { candidates } = await source.find({ name, module });
  return candidates.map(({ definition: { path, line } }) => `${path}:${line + 1}`);
}

test('a checkout is known by its landmarks', async () => {
  const root = await tree({});
  assert.equal(await isKernelTree(root), true);
  await rm(join(root, 'MAINTAINERS'));
  assert.equal(await isKernelTree(root), false);
});

test('a checkout is found as a folder, inside one, and through a link', async () => {
  const checkout = await tree({});
  const other = await writeTree({ 'readme.txt': '' });
  const outer = await writeTree({ 'a/b': '' });
  made.push(other, outer);
  assert.equal(await findCheckout([other, checkout]), checkout);
  assert.equal(await findCheckout([other, join(other, 'no-such-folder')]), undefined);
  await symlink(checkout, join(outer, 'kernel'));
  assert.equal(await findCheckout([other, outer]), join(outer, 'kernel'));
});

test('without an index the likely folders are searched, and what is not kernel is left out', async () => {
  const root = await tree({
    'net/core/dev.c': `#include <x.h>\n${define('in_net')}`,
    'security/hooks.c': define('in_security'),
    'arch/x86/a.c': define('in_arch'),
    'tools/testing/a.c': define('in_tools') + define('in_net'),
    'net/netfilter/xt_tcpudp.c': define('tcp_mt'),
    'net/other.c': define('tcp_mt'),
  });
  const { source } = await open(root);
  assert.deepEqual(await find(source, 'in_net'), ['net/core/dev.c:2']);
  assert.deepEqual(await find(source, 'in_security'), ['security/hooks.c:1']);
  assert.deepEqual(await find(source, 'in_arch'), ['arch/x86/a.c:1']);
  assert.deepEqual(await find(source, 'in_tools'), []);
  assert.equal((await find(source, 'tcp_mt', 'xt_tcpudp'))[0], 'net/netfilter/xt_tcpudp.c:1');
});

test('a cancelled search rejects', async () => {
  const { source } = await open(await tree({ 'net/a.c': define('f') }));
  const abort = new AbortController();
  abort.abort();
  await assert.rejects(source.find({ name: 'f', module: '' }, abort.signal), { name: 'AbortError' });
});

test('what the kernel is built of lies in a folder that is left out', async () => {
  const root = await tree({
    'kernel/bpf/Makefile': 'obj-y += part.o ruled.o\n$(obj)/ruled.o: $(srctree)/tools/lib/ruled.c FORCE\n',
    'kernel/bpf/part.c': '#include "../../tools/lib/part.c"\n#include "../../../outside.c"\n',
    'tools/lib/part.c': define('in_part'),
    'tools/lib/ruled.c': define('in_ruled'),
    'tools/lib/other.c': define('in_other'),
  });
  const { source, cacheDir } = await open(root);
  await source.prepare();
  const { source: again } = await open(root, cacheDir);
  await again.prepare();
  for (const each of [source, again]) {
    assert.deepEqual(await find(each, 'in_part'), ['tools/lib/part.c:1']);
    assert.deepEqual(await find(each, 'in_ruled'), ['tools/lib/ruled.c:1']);
    assert.deepEqual(await find(each, 'in_other'), []);
  }
});

test('with the index the options of the checkout decide', async () => {
  const root = await tree({
    Kconfig: 'config ON\n\tdef_bool y\n',
    'net/Makefile': 'obj-$(CONFIG_GONE) += a.o\nobj-$(CONFIG_ON) += b.o\n',
    'net/a.c': define('twice'),
    'net/b.c': define('twice'),
  });
  const { source } = await open(root);
  const find = async () => {
    const { candidates, certain } = await source.find({ name: 'twice', module: 'vmlinux' });
    return [candidates[0]?.definition.path, certain];
  };
  assert.equal((await find())[1], false);
  await source.prepare();
  assert.deepEqual(await find(), ['net/b.c', true]);
  source.setTarget({ machine: 'x86_64', config: 'CONFIG_X86=y\nCONFIG_GONE=y\n' });
  assert.deepEqual(await find(), ['net/a.c', true]);
  source.dispose();
});

test('the index finds what macros make, and the functions of a file', async () => {
  const root = await tree({
    'net/a.c': `#define MAKE(x) int made_##x(int a) { return a; }\n\nMAKE(one)\n${define('two')}`,
  });
  const { source } = await open(root);
  await source.prepare();
  assert.deepEqual(await find(source, 'made_one'), ['net/a.c:3']);
  assert.equal(source.functionAt('net/a.c', 5)?.name, 'two');
  assert.equal(source.functionAt('net/a.c', 0), undefined);
  assert.deepEqual(source.index && searchSymbols(source.index, 'tw', 10).map(({ name }) => name), ['two']);
});

test('a click reads the file again: an edit moves the line, also of what a macro makes', async () => {
  const text = `#define MAKE(x) int made_##x(int a) { return a; }\nMAKE(one)\nMAKE(three)\n${define('two')}`;
  const root = await tree({ 'net/a.c': text });
  const { source } = await open(root);
  await source.prepare();
  const time = new Date(1_000_000_000_000);
  await writeFile(join(root, 'net/a.c'), `\n\n${text}`);
  await utimes(join(root, 'net/a.c'), time, time);
  assert.deepEqual(await find(source, 'two'), ['net/a.c:6']);
  assert.deepEqual(await find(source, 'made_three'), ['net/a.c:5']);
  await writeFile(join(root, 'net/a.c'), '');
  assert.deepEqual(await find(source, 'two'), []);
});

test('the index is kept, and what changed since is scanned', async () => {
  const root = await tree({ 'net/a.c': define('f'), 'net/b.c': define('gone') });
  const { source, cacheDir } = await open(root);
  await source.prepare();
  await rm(join(root, 'net/b.c'));
  await writeFile(join(root, 'net/a.c'), define('f') + define('g'));
  await writeFile(join(root, 'net/c.c'), define('h'));
  const again = await open(root, cacheDir);
  await again.source.prepare();
  assert.deepEqual(await find(again.source, 'g'), ['net/a.c:7']);
  assert.deepEqual(await find(again.source, 'h'), ['net/c.c:1']);
  assert.deepEqual(await find(again.source, 'gone'), []);
  assert.equal(again.source.functionAt('net/a.c', 7)?.name, 'g');
});

test('a cache file that was cut off is not used', async () => {
  const root = await tree({ 'net/a.c': define('f') });
  const { source, cacheDir } = await open(root);
  await source.prepare();
  const file = cachePath(cacheDir, root);
  assert.ok((await loadIndex(file, root)) !== undefined);
  assert.equal(await loadIndex(file, join(root, 'net')), undefined); // of another checkout
  await writeFile(file, 'no index');
  assert.equal(await loadIndex(file, root), undefined);
  const again = await open(root, cacheDir);
  await again.source.prepare();
  assert.deepEqual(await find(again.source, 'f'), ['net/a.c:1']);
});

test('the thread ends when the checkout is closed', async () => {
  const { source } = await open(await tree({ 'net/a.c': define('f') }));
  const preparing = source.prepare();
  source.dispose();
  await assert.rejects(preparing, { name: 'AbortError' });
});

test('a function that the checkout does not have is not waited for beyond the index', async () => {
  const { source } = await open(await tree({ 'net/core/dev.c': define('in_net') }));
  const preparing = source.prepare();
  assert.deepEqual(await find(source, 'no_such_function'), []);
  await preparing;
  assert.deepEqual(await find(source, 'no_such_function'), []);
  source.dispose();
});

test('the index is not made again by itself after it was stopped, and is when asked for', async () => {
  const { source } = await open(await tree({ 'net/a.c': define('f'), 'lib/b.c': define('g') }));
  const preparing = source.prepare();
  source.stopIndexing();
  await assert.rejects(preparing, { name: 'AbortError' });
  await assert.rejects(source.prepare(), { name: 'AbortError' });
  assert.equal(source.index, undefined);
  assert.deepEqual(await find(source, 'f'), ['net/a.c:1']); // found by a search
  const shares: number[] = [];
  await source.indexAnew((share) => shares.push(share));
  assert.deepEqual(await find(source, 'g'), ['lib/b.c:1']);
  await source.prepare();
  await source.indexAnew((share) => shares.push(share));
  assert.deepEqual(shares, [0, 0]); // made twice
});

test('a checkout that git for Windows made: C, Makefiles and Kconfig with CRLF, a byte order mark', async () => {
  const files = {
    Kconfig: 'config ON\n\tdef_bool y\n\nconfig OFF\n\tbool\n',
    Makefile: 'VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 4\nEXTRAVERSION =\n',
    'net/Makefile': 'obj-$(CONFIG_OFF) += a.o\nobj-$(CONFIG_ON) += \\\n\tb.o\n',
    'net/a.c': define('twice'),
    'net/b.c': `#define MAKE(x) int made_##x(int a) \\\n{ return a; }\n\nMAKE(one)\n${define('twice')}`,
  };
  const windows = Object.entries(files).map(([path, text]) => [
    path,
    `\ufeff${text.replaceAll('\n', '\r\n')}`,
  ]);
  for (const form of [files, Object.fromEntries(windows) as typeof files]) {
    const { source } = await open(await tree(form));
    assert.deepEqual((await find(source, 'twice')).sort(), ['net/a.c:1', 'net/b.c:5']); // by a search
    await source.prepare();
    const { candidates, certain } = await source.find({ name: 'twice', module: 'vmlinux' });
    assert.deepEqual([candidates[0]?.definition.path, certain], ['net/b.c', true]);
    assert.deepEqual(await find(source, 'made_one'), ['net/b.c:4']);
    assert.equal((await skewOf(source, 'Linux version 6.12.4 (a) #1 x', []))?.level, 'same');
    source.dispose();
  }
});

test('a hostile checkout: links to devices, pipes and files elsewhere are neither read nor waited for', async () => {
  const outside = await writeTree({ 'a.c': define('outside'), 'x_ruled.c': define('ruled') });
  made.push(outside);
  const up = '../'.repeat(20);
  const root = await tree({
    'net/Makefile': `include $(srctree)/${up}dev/zero\nobj-y += ruled.o\n$(obj)/%.o: $(srctree)/net/${up.slice(1)}${outside.slice(1)}/x_%.c\n`,
    'net/a.c': `#include "../${up}${outside.slice(1)}/a.c"\n${define('f')}`,
    'usr/none': '',
  });
  await symlink('/dev/zero', join(root, 'usr/Kconfig'));
  await symlink('/dev/zero', join(root, 'Makefile'));
  execFileSync('mkfifo', [join(root, 'net/pipe.c')]);
  const { source } = await open(root);
  await source.prepare();
  assert.deepEqual(await find(source, 'f'), ['net/a.c:2']);
  assert.deepEqual(await find(source, 'outside'), []);
  assert.deepEqual(await find(source, 'ruled'), []);
  assert.equal((await skewOf(source, 'Linux version 6.12.4 (a) #1 x', []))?.level, 'same');
});

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { CheckoutPaths } from '../../../../../extension/kernel-source/symbolizer/checkout-path.ts';

let checkout = '';
let paths: CheckoutPaths;
before(async () => {
  checkout = await mkdtemp(join(tmpdir(), 'kernel-checkout-'));
  for (const path of ['net/core/dev.c', 'kernel/time.c', 'arch/x86/kernel/cpu.c', 'include/linux/skbuff.h']) {
    await mkdir(dirname(join(checkout, path)), { recursive: true });
    await writeFile(join(checkout, path), '');
  }
  paths = new CheckoutPaths(checkout);
});
after(() => rm(checkout, { recursive: true }));

test('files are found below whatever folder the kernel was built in', async () => {
  for (const prefix of [
    '/build/linux-6.1.176/',
    'debian/build/build_amd64/',
    './',
    '',
    '/home/net/linux/',
    'C:\\src\\',
  ])
    assert.equal(await paths.find(`${prefix}net/core/dev.c`), 'net/core/dev.c', prefix);
  assert.equal(await paths.find('/b/arch/x86/../../include/linux/./skbuff.h'), 'include/linux/skbuff.h');
  assert.equal(await paths.find(join(checkout, 'net/core/dev.c')), 'net/core/dev.c');
});

test('a file of the same name elsewhere is not taken for one that the checkout does not have', async () => {
  assert.equal(await paths.find('/b/arch/x86/kernel/time.c'), undefined);
  assert.equal(await paths.find('/b/kernel/time.c'), 'kernel/time.c');
  assert.equal(await paths.find('/b/include/generated/autoconf.h'), undefined);
  assert.equal(await paths.find('/b/net/core'), undefined);
  assert.equal(await paths.find(''), undefined);
});

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { readKernelConfig } from '../../../../remote-agent/kernel/config.ts';
import { SymbolMap } from '../../../../remote-agent/kernel/symbol-map.ts';

/** A module's symbols come in no order, the padding before functions counts as none. */
const KALLSYMS = `ffffffff81000000 T _stext
ffffffff81000000 T _text
ffffffff81000010 t __pfx_ip_rcv
ffffffff81000020 T ip_rcv
ffffffff81000028 d some_data
ffffffff81000050 t ip_list_rcv
ffffffff81000060 t ip_last
ffffffffc0000040 t nft_eval\t[nf_tables]
ffffffffc0000000 t nft_do_chain\t[nf_tables]
ffffffffc0000000 t nft_alias\t[nf_tables]
ffffffffc0002000 t br_handle\t[bridge]
`;

const map = () => new SymbolMap(Buffer.from(KALLSYMS));

test('finds the function that an address lies in', () => {
  const [first, inside, module, before] = [
    0xffff_8100_0020, 0xffff_8100_002f, 0xffff_c000_0123, 0xffff_8000_0000,
  ];
  assert.deepEqual(map().locate(first), {
    address: first,
    start: first,
    name: 'ip_rcv',
    module: '',
    distance: 0x30, // data symbols do not count
    neighbours: ['_text', '_stext', 'ip_list_rcv', 'ip_last'],
  });
  assert.equal(map().locate(inside)?.start, first);
  assert.deepEqual(map().locate(module), {
    address: module,
    start: 0xffff_c000_0040,
    name: 'nft_eval',
    module: 'nf_tables',
    distance: 0x1fc0,
    neighbours: ['nft_alias', 'nft_do_chain'], // of its own module only
  });
  assert.equal(map().locate(before), undefined);
});

test('of several names at one address takes the first, and the distance behind all of them', () => {
  const found = map().locate(0xffff_c000_0000);
  assert.deepEqual([found?.name, found?.distance], ['nft_do_chain', 0x40]);
});

test('the last symbol of all has no known distance', () => {
  assert.equal('distance' in map().locate(0xffff_c000_2004)!, false);
});

test('gives the names around functions once, apart where symbols are left out', () => {
  const { names, positions, distances } = map().neighbourhood([
    0xffff_8100_0020, 0xffff_8100_0050, 0xffff_c000_2000, 0xffff_8000_0000,
  ]);
  assert.deepEqual(names, ['_stext', '_text', 'ip_rcv', 'ip_list_rcv', 'ip_last', '', 'br_handle']);
  assert.deepEqual(positions, [2, 3, 6, -1]);
  assert.deepEqual(distances, [0x30, 0x10, 0, 0]);
});

test('reaches no further than six functions to each side', () => {
  const lines = Array.from({ length: 30 }, (_, at) => `ffffffff810000${(at + 16).toString(16)} t f${at}\n`);
  const symbols = new SymbolMap(Buffer.from(lines.join('')));
  const { names } = symbols.neighbourhood([0xffff_8100_0010 + 15]);
  assert.deepEqual(
    names,
    Array.from({ length: 13 }, (_, at) => `f${at + 9}`),
  );
  const far = symbols.neighbourhood([0xffff_8100_0010, 0xffff_8100_0010 + 20]).names;
  assert.deepEqual(far.slice(5, 9), ['f5', 'f6', '', 'f14']);
});

test('tells where the kernel’s code begins', () => {
  assert.equal(map().textStart, 0xffff_8100_0000);
  assert.equal(new SymbolMap(Buffer.alloc(0)).textStart, undefined);
});

async function root(t: TestContext, files: Record<string, string | Buffer>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'kpt-config-'));
  t.after(() => rm(dir, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
  return dir;
}

test('reads the kernel’s configuration where it is, compressed', async (t) => {
  const text = 'CONFIG_NET=y\n';
  const read = async (files: Record<string, string | Buffer>) => {
    const bytes = await readKernelConfig('6.1.0', await root(t, files));
    return bytes && gunzipSync(bytes).toString();
  };
  assert.equal(await read({ 'proc/config.gz': gzipSync(text) }), text);
  assert.equal(await read({ 'boot/config-6.1.0': text }), text);
  assert.equal(await read({ 'lib/modules/6.1.0/config': text }), text);
  assert.equal(await read({ 'boot/config-6.1.1': text }), undefined);
  assert.equal(await read({ 'boot/config-6.1.0': Buffer.alloc(3 * 1024 * 1024) }), undefined); // no configuration
});

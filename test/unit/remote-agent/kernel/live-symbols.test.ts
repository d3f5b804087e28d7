import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CurrentSymbols, loadedModules } from '../../../../remote-agent/kernel/live-symbols.ts';
import { SymbolOrder } from '../../../../remote-agent/kernel/symbol-map.ts';

const KERNEL = 'ffffffff81000000 T ip_rcv\n';
const MODULE = 'ffffffffc0000000 t wg_xmit\t[wireguard]\n';
const VIRTIO = 'virtio_net 73728 0 - Live 0xffffffffc0100000\n';
const WIREGUARD = 'wireguard 98304 0 - Live 0xffffffffc0000000 (E)\n';

test('a module that is loaded during the trace has its own functions', async (t) => {
  const procfs = await mkdtemp(join(tmpdir(), 'procfs-'));
  t.after(() => rm(procfs, { recursive: true }));
  const write = (modules: string, symbols: string) =>
    Promise.all([writeFile(join(procfs, 'modules'), modules), writeFile(join(procfs, 'kallsyms'), symbols)]);
  await write(VIRTIO, KERNEL);
  const first = new SymbolOrder(Buffer.from(KERNEL));
  const current = new CurrentSymbols(first, loadedModules(procfs), procfs);
  assert.equal(current.get(), first);

  await write(VIRTIO.replace(' 0 - ', ' 2 net_failover, '), KERNEL); // is only used more
  assert.equal(current.get(), first);

  await write(VIRTIO + WIREGUARD, KERNEL + MODULE);
  const location = current.get().locate(0xffff_c000_0083);
  assert.deepEqual([location?.name, location?.module], ['wg_xmit', 'wireguard']);
  assert.equal(current.get(), current.get());

  await write(VIRTIO + WIREGUARD.replace('c000', 'c020'), KERNEL + MODULE.replace('c000', 'c020')); // loaded again
  assert.equal(current.get().locate(0xffff_c020_0083)?.name, 'wg_xmit');
});

test('a kernel without modules has none', () => {
  assert.equal(loadedModules('/nonexistent'), '');
});

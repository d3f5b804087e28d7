import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { LiveSymbols } from '../../../../remote-agent/kernel/live-symbols.ts';
import { loadedModules } from '../../../../remote-agent/kernel/modules.ts';
import { SymbolMap } from '../../../../remote-agent/kernel/symbol-map.ts';

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
  const first = new SymbolMap(Buffer.from(KERNEL));
  const live = new LiveSymbols(first, loadedModules(join(procfs, 'modules')), procfs);
  assert.equal(live.get(), first);

  await write(VIRTIO.replace(' 0 - ', ' 2 net_failover, '), KERNEL); // is only used more
  assert.equal(live.get(), first);

  await write(VIRTIO + WIREGUARD, KERNEL + MODULE);
  const location = live.get().locate(0xffff_c000_0083);
  assert.deepEqual([location?.name, location?.module], ['wg_xmit', 'wireguard']);
  assert.equal(live.get(), live.get());

  await write(VIRTIO + WIREGUARD.replace('c000', 'c020'), KERNEL + MODULE.replace('c000', 'c020')); // loaded again
  assert.equal(live.get().locate(0xffff_c020_0083)?.name, 'wg_xmit');
});

test('symbols that nobody has read yet are read in the background, or when they are needed', async (t) => {
  const procfs = await mkdtemp(join(tmpdir(), 'procfs-'));
  t.after(() => rm(procfs, { recursive: true }));
  await writeFile(join(procfs, 'modules'), VIRTIO);
  await writeFile(join(procfs, 'kallsyms'), KERNEL);
  const open = () => new LiveSymbols(undefined, loadedModules(join(procfs, 'modules')), procfs);
  const patient = open();
  const symbols = await patient.prepare(new AbortController().signal);
  assert.equal(symbols.locate(0xffff_8100_0001)?.name, 'ip_rcv');
  assert.equal(patient.get(), symbols);

  const hasty = open();
  const prepared = hasty.prepare(new AbortController().signal);
  assert.equal(hasty.get().locate(0xffff_8100_0001)?.name, 'ip_rcv');
  assert.equal(await prepared, hasty.get());
});

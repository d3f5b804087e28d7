import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import {
  attachKprobes,
  type KprobeSystem,
  missedHits,
} from '../../../../../remote-agent/attach/kprobe/attach.ts';
import { ownNamespace } from '../../../../../remote-agent/attach/kprobe/group.ts';
import type { BpfProgram } from '../../../../../remote-agent/native/libbpf.ts';
import { Program } from '../../../../../common/layouts.ts';
import type { PlannedFunction } from '../../../../../remote-agent/plan/plan.ts';

const planned = (
  name: string,
  address: bigint,
  argument: PlannedFunction['argument'] = 1,
): PlannedFunction => ({
  address,
  name,
  module: '',
  argument,
  program: Program.Plain + argument,
});
/** A function that was not asked for. */
const quiet = (name: string, address: bigint): PlannedFunction => ({
  ...planned(name, address),
  program: Program.Data + Program.Quiet,
  quiet: true,
});

/** A kernel that notes what is asked of it. `refuse` says which addresses it takes no probe at. */
function fakeKernel(
  t: TestContext,
  existing = '',
  refuse: (address: bigint) => string | undefined = () => undefined,
) {
  const tracefs = mkdtempSync(join(tmpdir(), 'tracefs-'));
  t.after(() => rmSync(tracefs, { recursive: true }));
  writeFileSync(join(tracefs, 'kprobe_events'), existing);
  const seen = {
    log: [] as string[],
    definitions: [] as string[],
    events: new Set<string>(),
    armed: new Set<number>(),
    cleaners: [] as { groups: readonly string[]; released: boolean }[],
  };
  const system: KprobeSystem = {
    tracefs,
    arch: 'x64',
    openKernelCore: () => undefined,
    openDefinitions: () => ({
      write(line) {
        const [, group = '', event = '', address = ''] = /^p:(\w+)\/(\w+) (0x[0-9a-f]+) /.exec(line) ?? [];
        const code = address === '' ? undefined : refuse(BigInt(address));
        if (code !== undefined) throw Object.assign(new Error(code), { code });
        seen.definitions.push(line);
        seen.log.push('define');
        if (event === '') return;
        seen.events.add(`${group}/${event}`);
        const dir = join(tracefs, 'events', group, event);
        mkdirSync(dir, { recursive: true });
        writeFileSync(join(dir, 'id'), `${idOf(Number(event.split('_').at(-1)))}\n`);
      },
      close: () => undefined,
    }),
    startCleaner(_, groups) {
      seen.log.push('cleaner');
      const cleaner = { groups, released: false };
      seen.cleaners.push(cleaner);
      return Promise.resolve({ release: () => void (cleaner.released = true) });
    },
    arm(program, id) {
      const key = Number(program) * 1000 + id;
      seen.armed.add(key);
      return () => void seen.armed.delete(key);
    },
  };
  return { seen, system };
}

const program = (index: number) => BigInt(index) as unknown as BpfProgram;
/** The kernel's number of the event of a program. */
const idOf = (index: number) => 100 + index;

test('one event for each program; the cleaner is there first', async (t) => {
  const { seen, system } = fakeKernel(t);
  const functions = [planned('a', 0x1000n), planned('b', 0x2000n, 3), planned('c', 0x3000n)];
  const attachment = await attachKprobes({ functions }, { program }, system);
  assert.equal(seen.log[0], 'cleaner');
  assert.deepEqual([...seen.armed], [1000 + idOf(1), 3000 + idOf(3)]);
  // kprobe_profile tells no groups: the name of the event has to say whose it is.
  const [group = ''] = seen.cleaners[0]?.groups ?? [];
  assert.deepEqual(
    [...seen.events].filter((event) => !event.endsWith('/arming')),
    [`${group}/${group}_1`, `${group}/${group}_3`],
  );
  // In the order of events, and with the address that a program sees.
  assert.deepEqual(
    attachment.functions.map(({ name, address, argument }) => [name, address, argument]),
    [
      ['a', 0x1005, 1],
      ['c', 0x3005, 1],
      ['b', 0x2005, 3],
    ],
  );
  assert.deepEqual(attachment.skipped, []);
  const immediates = seen.definitions.flatMap((line) => / i=(\S+)/.exec(line)?.[1] ?? []);
  assert.equal(new Set(immediates).size, 4, 'the marker’s and three probes’, all different');
});

test('what was not asked for is armed, and not told of', async (t) => {
  const { seen, system } = fakeKernel(t);
  const functions = [quiet('skb_release_data', 0x1000n), planned('a', 0x2000n)];
  const attachment = await attachKprobes({ functions }, { program }, system);
  const release = Program.Data + Program.Quiet;
  assert.deepEqual([...seen.armed].sort(), [1000 + idOf(1), release * 1000 + idOf(release)]);
  assert.deepEqual(
    attachment.functions.map(({ name }) => name),
    ['a'],
  );
});

test('when the kernel takes only what was not asked for, says so and disarms it', async (t) => {
  const { seen, system } = fakeKernel(t, '', (address) => (address < 0x2000n ? 'EINVAL' : undefined));
  const functions = [planned('a', 0x1000n), quiet('skb_release_data', 0x2000n)];
  await assert.rejects(attachKprobes({ functions }, { program }, system), {
    code: 'attach',
    message: /EINVAL/,
  });
  assert.equal(seen.armed.size, 0);
});

test('hits that the kernel passed over are those of our own events', async (t) => {
  const { seen, system } = fakeKernel(t);
  const attachment = await attachKprobes({ functions: [planned('a', 0x1000n)] }, { program }, system);
  const group = seen.cleaners[0]?.groups[0] ?? '';
  const line = (event: string, hits: number, missed: number) =>
    `  ${event.padEnd(44)} ${String(hits).padStart(15)} ${String(missed).padStart(15)}\n`;
  const profile = (missed: number) => line(`${group}_1`, 10, missed) + line(`${group}0_1`, 9, 1000);
  writeFileSync(join(system.tracefs, 'kprobe_profile'), profile(2));
  assert.equal(attachment.missed?.(), 2);
  writeFileSync(join(system.tracefs, 'kprobe_profile'), profile(3));
  assert.equal(attachment.missed?.(), 3);
  // An event is there once for each of its probes.
  const all = line('kpt_1_2_3_1', 7, 4) + line('mine', 5, 6) + line('kpt_1_2_3_1', 0, 1);
  assert.equal(missedHits(all + line('kpt_1_2_3_32', 8, 16) + line('kpt_1_2_33_1', 8, 32), 'kpt_1_2_3'), 21);
  assert.equal(missedHits('', 'kpt_1_2_3'), 0);
});

test('disarms at once and leaves the definitions to the cleaner', async (t) => {
  const { seen, system } = fakeKernel(t);
  const attachment = await attachKprobes({ functions: [planned('a', 0x1000n)] }, { program }, system);
  assert.deepEqual(
    seen.cleaners.map(({ released }) => released),
    [false],
  );
  await attachment.detach();
  assert.equal(seen.armed.size, 0);
  assert.deepEqual(
    seen.cleaners.map(({ released }) => released),
    [true],
  );
});

test('a place that the kernel refuses is tried at the function itself, and then the function is skipped', async (t) => {
  const { seen, system } = fakeKernel(t, '', (address) =>
    address === 0x1005n || (address & ~5n) === 0x2000n ? 'EINVAL' : undefined,
  );
  const functions = [planned('elsewhere', 0x1000n), planned('never', 0x2000n), planned('fine', 0x3000n)];
  const attachment = await attachKprobes({ functions }, { program }, system);
  assert.deepEqual(
    attachment.functions.map(({ name, address }) => [name, address]),
    [
      ['elsewhere', 0x1000],
      ['fine', 0x3005],
    ],
  );
  assert.deepEqual(attachment.skipped, [{ reason: 'refused by the kernel (EINVAL)', names: ['never'] }]);
  assert.equal(seen.armed.size, 1);
});

test('when the kernel takes none, says so and cleans up', async (t) => {
  const { seen, system } = fakeKernel(t, '', () => 'EPERM');
  await assert.rejects(attachKprobes({ functions: [planned('a', 0x1000n)] }, { program }, system), {
    code: 'attach',
    message: /EPERM/,
  });
  assert.deepEqual(
    seen.cleaners.map(({ released }) => released),
    [true],
  );
});

test('an event that cannot be armed costs its functions only', async (t) => {
  const { seen, system } = fakeKernel(t);
  const arm = system.arm.bind(system);
  system.arm = (bpf, id) => {
    if (id === idOf(2)) throw new Error('perf_event_open: Device or resource busy');
    return arm(bpf, id);
  };
  const functions = [planned('a', 0x1000n, 1), planned('b', 0x2000n, 2)];
  const attachment = await attachKprobes({ functions }, { program }, system);
  assert.deepEqual(
    attachment.functions.map(({ name }) => name),
    ['a'],
  );
  assert.deepEqual(
    attachment.skipped.map(({ names }) => names),
    [['b']],
  );
  assert.equal(seen.armed.size, 1);
});

test('cancelled while arming: nothing stays armed, and the marker is gone', async (t) => {
  const { seen, system } = fakeKernel(t);
  const arm = system.arm.bind(system);
  const abort = new AbortController();
  system.arm = (bpf, id) => {
    abort.abort();
    return arm(bpf, id);
  };
  const functions = [planned('a', 0x1000n, 1), planned('b', 0x2000n, 2)];
  await assert.rejects(attachKprobes({ functions }, { program, signal: abort.signal }, system), {
    name: 'AbortError',
  });
  assert.equal(seen.armed.size, 0);
  assert.deepEqual(
    seen.cleaners.map(({ released }) => released),
    [true],
  );
  assert.match(seen.definitions.at(-1) ?? '', /^-:kpt_\w+\/arming$/);
});

test('what a dead agent left is removed too, after our own probes are armed', async (t) => {
  const stale = `kpt_${ownNamespace()}_999999999_1_1`;
  const { seen, system } = fakeKernel(t, `p:${stale}/a1 0x0000000012345678 i=\\1:u32\n`);
  await attachKprobes({ functions: [planned('a', 0x1000n)] }, { program }, system);
  assert.equal(seen.log.at(-1), 'cleaner');
  assert.deepEqual(seen.cleaners.at(-1), { groups: [stale], released: true });
});

test('a kernel without kprobe events', async (t) => {
  const { system } = fakeKernel(t);
  rmSync(join(system.tracefs, 'kprobe_events'));
  await assert.rejects(attachKprobes({ functions: [] }, { program }, system), {
    code: 'attach',
    remedy: /CONFIG_KPROBE_EVENTS/,
  });
});

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { bundle } from '../../../../build/bundle.ts';
import { distDir } from '../../../../build/paths.ts';
import { ExitCode } from '../../../../extension/cli/exit-codes.ts';
import { parseCommandLine } from '../../../../extension/cli/command-line.ts';
import { traceCommand } from '../../../../extension/cli/commands/trace.ts';
import type { KernelBuild } from '../../../../common/protocol.ts';
import { endFakeAgents } from '../../../support/agent/fake-agent.ts';
import {
  Collected,
  curl,
  FakeProcess,
  FakeTrace,
  NAMES,
  NETFILTER_LOCATION,
  netfilterDrop,
} from '../../../support/agent/fake-trace.ts';
import { differences, readJsonDocs } from '../../../support/json-docs.ts';
import { define, LANDMARKS, writeTree } from '../../../support/source/source-tree.ts';

const made: string[] = [];
let checkout = '';
const cacheBefore = process.env.XDG_CACHE_HOME;

before(async () => {
  await bundle();
  checkout = await writeTree({
    ...LANDMARKS,
    Makefile: 'VERSION = 5\nPATCHLEVEL = 4\nSUBLEVEL = 1\n',
    'net/Makefile': 'obj-y += ipv4/ core/ netfilter/\n',
    'net/ipv4/Makefile': 'obj-y := ip_output.o twin.o\n',
    'net/core/Makefile': 'obj-y := skbuff.o twin.o\n',
    'net/netfilter/Makefile': 'obj-y := core.o\n',
    'net/ipv4/ip_output.c': `${define('near')}${define('ip_local_out')}`,
    'net/netfilter/core.c': define('nf_hook_slow'),
    'net/ipv4/twin.c': define('kfree_skbmem'),
    'net/core/twin.c': `${define('beside')}${define('kfree_skbmem')}`,
  });
  const cache = await mkdtemp(join(tmpdir(), 'kernel-packet-trace-cache-'));
  made.push(checkout, cache);
  process.env.XDG_CACHE_HOME = cache;
});
after(async () => {
  if (cacheBefore === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = cacheBefore;
  await Promise.all(made.map((dir) => rm(dir, { recursive: true })));
});
afterEach(endFakeAgents);

/** The kernel of the target, with its functions in the order of NAMES. */
function build(names: readonly string[]): KernelBuild {
  const neighbourhood = { names, positions: NAMES.map((name) => names.indexOf(name)), distances: [] };
  return {
    type: 'kernel-build',
    buildIds: { modules: {} },
    config: null,
    textStart: null,
    neighbourhood: gzipSync(JSON.stringify(neighbourhood)).toString('base64'),
    types: '',
  };
}

async function traced(...args: string[]) {
  const trace = new FakeTrace();
  const stdout = new Collected();
  const fake = new FakeProcess(stdout);
  const command = parseCommandLine(['trace', 'root@guest', '--checkout', checkout, ...args]);
  assert.ok(command.name === 'trace');
  const done = traceCommand(command, { ...fake.environment, distDir }, trace.start);
  await stdout.until(/SOURCE|"attached"/);
  trace.agent.send(NETFILTER_LOCATION);
  trace.agent.sendEvents([curl(0), curl(1), netfilterDrop(), curl(3), curl(0)]);
  await setImmediate(); // events wait for what tells which definition is the right one
  trace.agent.send(build(['ip_local_out', '', 'beside', 'kfree_skbmem']));
  await stdout.until(/kfree_skbmem[^]*ip_local_out/);
  await fake.stderr.until(/Get /);
  fake.interrupt();
  assert.equal(await done, ExitCode.Ok, fake.stderr.text);
  assert.equal(trace.requests[0]?.wantBuild, true);
  return { stdout, stderr: fake.stderr.text };
}

test('prints where functions are, a drop without debug information at its function', async () => {
  const { stdout, stderr } = await traced();
  const ends = stdout.lines.map((line) => line.split(/ +/).slice(-2).join(' '));
  assert.deepEqual(ends, [
    'FUNC SOURCE',
    'ip_local_out net/ipv4/ip_output.c:7',
    'nf_hook_slow net/netfilter/core.c:1',
    'nf_hook_slow+0x40 net/netfilter/core.c:1',
    'kfree_skbmem net/core/twin.c:7', // of two, the one beside its neighbour in memory
    'ip_local_out net/ipv4/ip_output.c:7',
  ]);
  assert.match(stderr, /warning: The checkout is Linux 5\.4\.1, the target runs .* Get the tag/);
  const reasons = stderr.match(
    /^Some drops are shown at the definition .* The target gives no build id for the kernel/gm,
  );
  assert.equal(reasons?.length, 1, stderr);
});

test('prints an object for each place, once, as docs/json.md says', async () => {
  const { stdout } = await traced('--json');
  const objects = stdout.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const places = objects.filter(({ type }) => type === 'place');
  assert.deepEqual(
    places.map((place) => [place.function, place.offset, (place.source as { line: number } | null)?.line]),
    [
      ['ip_local_out', null, 7],
      ['nf_hook_slow', null, 1],
      ['nf_hook_slow', 0x40, 1],
      ['kfree_skbmem', null, 7],
    ],
  );
  const documented = readJsonDocs();
  assert.deepEqual(
    places.flatMap((place) => differences(place, documented)),
    [],
  );
  const kinds = objects.map(({ type }) => type).filter((type) => type === 'place' || type === 'event');
  assert.deepEqual(kinds.slice(0, 2), ['place', 'event']);
});

test('a trace that ends before its target told of the build prints what is certain without', async () => {
  const trace = new FakeTrace();
  const stdout = new Collected();
  const fake = new FakeProcess(stdout);
  const command = parseCommandLine(['trace', 'root@guest', '--checkout', checkout]);
  assert.ok(command.name === 'trace');
  const done = traceCommand(command, { ...fake.environment, distDir }, trace.start);
  await stdout.until(/SOURCE/);
  trace.agent.send(NETFILTER_LOCATION);
  trace.agent.sendEvents([curl(1), netfilterDrop(), curl(3)]);
  fake.interrupt();
  assert.equal(await done, ExitCode.Ok, fake.stderr.text);
  const ends = stdout.lines.map((line) => line.split(/ +/).slice(-2).join(' '));
  assert.deepEqual(ends.slice(1, 3), [
    'nf_hook_slow net/netfilter/core.c:1',
    'nf_hook_slow+0x40 net/netfilter/core.c:1',
  ]);
  assert.match(ends[3] ?? '', / kfree_skbmem$/);
  assert.doesNotMatch(fake.stderr.text, /Some drops/);
});

test('a folder that is no kernel tree is refused before the target is reached', async () => {
  const trace = new FakeTrace();
  const fake = new FakeProcess();
  const other = await mkdtemp(join(tmpdir(), 'not-a-kernel-'));
  made.push(other);
  await writeFile(join(other, 'Kbuild'), '');
  const command = parseCommandLine(['trace', 'root@guest', '--checkout', other]);
  assert.ok(command.name === 'trace');
  assert.equal(await traceCommand(command, fake.environment, trace.start), ExitCode.Usage);
  assert.match(fake.stderr.text, /is not a Linux kernel tree.*\n?.*--checkout/);
  assert.equal(trace.requests.length, 0);
});

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { checkCommand } from '../../../../../extension/cli/commands/check.ts';
import { ExitCode } from '../../../../../extension/cli/exit-codes.ts';
import { parseCommandLine } from '../../../../../extension/cli/command-line.ts';
import { traceCommand } from '../../../../../extension/cli/commands/trace.ts';
import type { TargetCheck } from '../../../../../extension/tracing/with-agent.ts';
import { endFakeAgents } from '../../../../support/agent/fake-agent.ts';
import {
  Collected,
  curl,
  FakeProcess,
  FakeTrace,
  netfilterDrop,
} from '../../../../support/agent/fake-trace.ts';
import { differences, readJsonDocs } from '../../../../support/json-docs.ts';
import { functionAddress, kernelAddress } from '../../../../support/agent/records.ts';

afterEach(endFakeAgents);

const documented = readJsonDocs();

async function traced(): Promise<Record<string, unknown>[]> {
  const skipped = [{ reason: 'inlined', names: ['a', 'b'] }];
  const trace = new FakeTrace({ skipped, devices: [{ netns: 4026531840, ifindex: 2, name: 'eth0' }] });
  const stdout = new Collected();
  const process = new FakeProcess(stdout);
  const command = parseCommandLine(['trace', 'root@guest', '--json', '--filter-commands', 'tcp']);
  assert.ok(command.name === 'trace');
  const done = traceCommand(command, process.environment, trace.start);
  await stdout.until(/"attached"/);
  const arp = {
    address: kernelAddress(functionAddress(0)),
    skb: kernelAddress(0x8880_0000_8000),
    protocol: 0x0806,
  };
  trace.agent.sendEvents([curl(0), netfilterDrop(), arp], 3);
  await stdout.until(/"event":2/);
  process.stdin.write('filter udp\nfoo\n');
  await trace.agent.request('filter');
  trace.agent.send({ type: 'filter-changed', generation: 1, since: '5', milliseconds: 1 });
  await stdout.until(/"refused"/);
  trace.agent.die({ connectionLost: true });
  assert.equal(await done, ExitCode.CutShort);
  return stdout.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('every object is what docs/json.md says', async () => {
  const objects = await traced();
  assert.deepEqual(
    objects.flatMap((object) => differences(object, documented)),
    [],
  );
  const types = new Set(objects.map(({ type }) => type));
  assert.deepEqual([...types].sort(), [
    'attached',
    'end',
    'error',
    'event',
    'filter',
    'lost',
    'refused',
    'target',
  ]);
  assert.deepEqual([...documented.keys()].sort(), [...types, 'check', 'match', 'place', 'verdict'].sort());
});

test('the comparison finds missing, undocumented and mistyped fields', () => {
  assert.deepEqual(differences({ type: 'lost', lost: 'many', more: 1 }, documented), [
    'lost.lost is not number',
    'lost.more is not documented',
  ]);
  assert.deepEqual(differences({ type: 'lost' }, documented), ['lost.lost is missing']);
  assert.equal(differences({ type: 'unheard-of' }, documented).length, 1);
});

test('zero is a value, and unknown is null', async () => {
  const objects = await traced();
  const [first, drop, arp] = objects.filter(({ type }) => type === 'event');
  assert.deepEqual([first?.cpu, first?.lostBefore, first?.time, first?.reason], [0, 0, 0, null]);
  assert.deepEqual([drop?.kind, drop?.reason], ['drop', 'NETFILTER_DROP']);
  assert.deepEqual([arp?.tuple, arp?.device, arp?.ifindex], [null, null, 0]);
  assert.equal(first?.device, 'eth0');
});

test('the order is target, attached, events, end, error', async () => {
  const types = (await traced()).map(({ type }) => type);
  assert.deepEqual(types.slice(0, 2), ['target', 'attached']);
  assert.deepEqual(types.slice(-2), ['end', 'error']);
});

const check: TargetCheck = {
  label: 'guest',
  facts: {
    os: 'Linux',
    machine: 'x86_64',
    kernelRelease: '6.1.0',
    user: 'admin',
    privilege: 'sudo',
    node: { path: '/n', version: 'v24', origin: 'uploaded' },
    uploadedBytes: 9,
  },
  report: {
    type: 'check',
    items: [
      { name: 'btf', status: 'ok', detail: 'found', remedy: '' },
      { name: 'kprobe-multi', status: 'limited', detail: 'no FPROBE', remedy: 'kprobes are used' },
    ],
  },
};

async function checked(args: string[], result: TargetCheck): Promise<{ code: ExitCode; text: string }> {
  const stdout = new Collected();
  const command = parseCommandLine(['check', 'guest', ...args]);
  assert.ok(command.name === 'check');
  const code = await checkCommand(command, new FakeProcess(stdout).environment, () =>
    Promise.resolve(result),
  );
  return { code, text: stdout.text };
}

test('check prints an object that docs/json.md describes', async () => {
  const { code, text } = await checked(['--json'], check);
  assert.equal(code, ExitCode.Ok);
  assert.deepEqual(differences(JSON.parse(text) as Record<string, unknown>, documented), []);
});

test('check says what is missing, with its remedy, and fails', async () => {
  const missing = {
    name: 'btf',
    status: 'missing',
    detail: 'no BTF',
    remedy: 'set CONFIG_DEBUG_INFO_BTF',
  } as const;
  const { code, text } = await checked([], { ...check, report: { type: 'check', items: [missing] } });
  assert.equal(code, ExitCode.CannotTrace);
  assert.match(text, /missing +btf +no BTF\n +set CONFIG_DEBUG_INFO_BTF\nguest cannot be traced/);
});

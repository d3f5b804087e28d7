import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { checkCommand } from '../../../../../extension/cli/commands/check.ts';
import { cleanCommand } from '../../../../../extension/cli/commands/clean.ts';
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
import { endObject, eventObject, jsonLine } from '../../../../../extension/cli/output/json-format.ts';
import { storyTotals } from '../../../../../extension/recording/story-totals.ts';
import { FakeCapture } from '../../../../support/agent/fake-capture.ts';
import { differences, readJsonDocs } from '../../../../support/json-docs.ts';
import { functionAddress, kernelAddress, CLASSIFIER, VXLAN } from '../../../../support/agent/records.ts';

afterEach(endFakeAgents);

const documented = readJsonDocs();

test('a line is safe on a terminal, whatever a target wrote', () => {
  assert.equal(jsonLine({ comm: '\x9b8m\x1b[8m\u202e' }), '{"comm":"\\u009b8m\\u001b[8m\\u202e"}\n');
});

async function traced(): Promise<Record<string, unknown>[]> {
  const skipped = [{ reason: 'inlined', names: ['a', 'b'] }];
  const trace = new FakeTrace({ skipped });
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
  const pause = { type: 'paused', why: 'silence', from: '1000000' } as const;
  trace.agent.send({ ...pause, to: null });
  trace.agent.send({ ...pause, to: '3500000' });
  process.stdin.write('filter udp\nfoo\n');
  await trace.agent.request('filter');
  trace.agent.send({ type: 'filter-changed', generation: 1, since: '5', milliseconds: 1 });
  trace.agent.send({ ...VXLAN, skipped });
  trace.agent.send({ ...CLASSIFIER, skipped });
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
    'modules',
    'paused',
    'programs',
    'refused',
    'target',
  ]);
  assert.deepEqual(
    [...documented.keys()].filter((type) => type !== '').sort(),
    [...types, 'check', 'clean', 'function', 'functions', 'match', 'place', 'skipped', 'verdict'].sort(),
  );
});

test('the comparison finds missing, undocumented and mistyped fields', () => {
  const lost = { type: 'lost', lost: 1, missed: 2, untracked: 3 };
  assert.deepEqual(differences(lost, documented), []);
  assert.deepEqual(differences({ ...lost, lost: 'many', more: 1 }, documented), [
    'lost.lost is not number',
    'lost.more is not documented',
  ]);
  assert.deepEqual(differences({ type: 'lost', missed: 2, untracked: 3 }, documented), [
    'lost.lost is missing',
  ]);
  assert.equal(differences({ type: 'unheard-of' }, documented).length, 1);
});

test('BPF programs are told when they come, and by the steps in them', async () => {
  const objects = await traced();
  const told = objects.find(({ type }) => type === 'programs');
  assert.deepEqual(told?.programs, [{ name: 'classify(tc)', id: 42, kind: 'tc' }]);
  const program = { id: 42, kind: 'tc' } as const;
  const capture = new FakeCapture([
    [
      { name: 'classify(tc)', time: 0, program, verdict: 'TC_ACT_OK' },
      { name: 'ip_rcv', time: 1 },
    ],
  ]);
  const events = [0, 1].map((event) => eventObject(capture, event) as Record<string, unknown>);
  assert.deepEqual(
    events.flatMap((object) => differences(object, documented)),
    [],
  );
  assert.deepEqual(
    events.map((event) => [event.function, event.program, event.verdict]),
    [
      ['classify(tc)', program, 'TC_ACT_OK'],
      ['ip_rcv', null, null],
    ],
  );
});

test('zero is a value, and unknown is null', async () => {
  const objects = await traced();
  const [first, drop, arp] = objects.filter(({ type }) => type === 'event');
  assert.deepEqual([first?.cpu, first?.lostBefore, first?.time, first?.reason], [0, 0, 0, null]);
  assert.deepEqual([drop?.kind, drop?.reason], ['drop', 'NETFILTER_DROP']);
  assert.deepEqual([arp?.tuple, arp?.device, arp?.ifindex], [null, null, 0]);
  assert.equal(first?.device, 'eth0');
});

test('a pause is told when it begins and when it is over, by the clock that events have', async () => {
  const objects = await traced();
  const [begun, over] = objects.filter(({ type }) => type === 'paused');
  assert.deepEqual([begun?.from, begun?.to], [1700000000001, null]);
  assert.deepEqual([over?.from, over?.to], [1700000000001, 1700000000003.5]);
  const end = objects.find(({ type }) => type === 'end');
  assert.deepEqual(end?.milliseconds, { detach: null, paused: 2.5 });
});

test('copies know what they are copies of; the end counts stories', () => {
  const steps = [{ name: 'ip_rcv', time: 0 }];
  const copied = { name: 'skb_clone', time: 1, edge: 'copy' as const, reason: 'NO_SOCKET' };
  const capture = new FakeCapture([steps, [copied], [{ name: 'ip_rcv', time: 2, reason: 'IP_NOPROTO' }]], {
    0: { end: 'delivered' },
    1: { parent: 0 },
  });
  const events = [0, 1].map((event) => eventObject(capture, event) as Record<string, unknown>);
  assert.deepEqual(
    events.map(({ parent, edge }) => [parent, edge]),
    [
      [null, null],
      [0, 'copy'],
    ],
  );
  Object.assign(capture, { lost: 1, missed: 2, untracked: 3 });
  capture.finish({ incomplete: 'The last events did not arrive.' });
  assert.ok(capture.ended);
  const end = endObject(capture.ended, storyTotals(capture.trajectories), [], 0) as Record<string, unknown>;
  assert.deepEqual(
    [...events, end].flatMap((object) => differences(object, documented)),
    [],
  );
  assert.deepEqual(
    [end.packets, end.trajectories, end.delivered, end.dropped, end.alive, end.dropReasons],
    [2, 3, 1, 1, 0, { IP_NOPROTO: 1 }],
  );
  assert.deepEqual(
    [end.lost, end.missed, end.untracked, end.incomplete],
    [1, 2, 3, 'The last events did not arrive.'],
  );
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

test('clean prints an object that docs/json.md describes, and lines that say the same', async () => {
  const report = {
    label: 'root@guest',
    removed: [
      { path: '/var/cache/kernel-packet-trace/agent-1', bytes: 9_000_000 },
      { path: '/var/cache/kernel-packet-trace', bytes: 0 },
    ],
    probes: 2,
    kept: [{ path: '/run/kernel-packet-trace', why: 'it is a link' }],
    running: [77],
  };
  const printed = async (...args: string[]) => {
    const command = parseCommandLine(['clean', 'root@guest', '--target-folder', '/srv/x', ...args]);
    assert.ok(command.name === 'clean');
    const stdout = new Collected();
    const process = new FakeProcess(stdout);
    const code = await cleanCommand(command, process.environment, ({ targetFolder }) => {
      assert.equal(targetFolder, '/srv/x');
      return Promise.resolve(report);
    });
    assert.equal(code, ExitCode.Ok);
    return stdout.lines;
  };
  const [json = ''] = await printed('--json');
  assert.deepEqual(differences(JSON.parse(json) as Record<string, unknown>, documented), []);
  assert.deepEqual(
    (await printed()).filter((line) => line !== ''),
    [
      'removed  /var/cache/kernel-packet-trace/agent-1 (9.0 MB)',
      'removed  /var/cache/kernel-packet-trace',
      'removed  2 definitions of probes, of traces that are gone',
      'kept     /run/kernel-packet-trace: it is a link',
      'running  process 77, the agent of a trace that goes on',
      'root@guest: 9.0 MB removed',
    ],
  );
});

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

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, test } from 'node:test';
import { ExitCode } from '../../../../../extension/cli/exit-codes.ts';
import { parseCommandLine } from '../../../../../extension/cli/command-line.ts';
import type { TraceOptions } from '../../../../../extension/cli/options.ts';
import { traceCommand } from '../../../../../extension/cli/commands/trace.ts';
import { PacketTraceError } from '../../../../../extension/base/errors.ts';
import { endFakeAgents } from '../../../../support/agent/fake-agent.ts';
import {
  Collected,
  curl,
  FakeProcess,
  FakeTrace,
  NAMES,
  NETFILTER_LOCATION,
  netfilterDrop,
} from '../../../../support/agent/fake-trace.ts';
import { kernelAddress, VXLAN } from '../../../../support/agent/records.ts';

afterEach(endFakeAgents);

function options(...args: string[]): TraceOptions {
  const command = parseCommandLine(['trace', 'root@guest', ...args]);
  assert.ok(command.name === 'trace');
  return command;
}

interface Run {
  trace: FakeTrace;
  process: FakeProcess;
  stdout: Collected;
  done: Promise<ExitCode>;
}

function run(args: string[], trace = new FakeTrace()): Run {
  const stdout = new Collected();
  const process = new FakeProcess(stdout);
  return { trace, process, stdout, done: traceCommand(options(...args), process.environment, trace.start) };
}

/** The columns of a line, which single spaces may divide too. */
function column(line: string, header: string, name: string): string {
  const start = header.indexOf(name);
  return line.slice(start).split(' ')[0] ?? '';
}

test('a dropped packet is told in pwru’s columns, its reason at the function', async () => {
  const { trace, process, stdout, done } = run([]);
  await stdout.until(/FUNC\n/);
  trace.agent.sendEvents([curl(0), curl(1), curl(2), netfilterDrop(), curl(3)]);
  await stdout.until(/kfree_skbmem/);
  process.interrupt();
  assert.equal(await done, ExitCode.Ok);
  const [header = '', ...lines] = stdout.lines;
  assert.equal(header.replace(/ +/g, ' '), 'SKB CPU PROCESS NETNS MARK/x IFACE PROTO MTU LEN TUPLE FUNC');
  assert.deepEqual(
    lines.map((line) => column(line, header, 'FUNC')),
    ['ip_local_out', 'nf_hook_slow', 'sk_skb_reason_drop(NETFILTER_DROP)', 'kfree_skbmem'],
  );
  const values = {
    SKB: '0xffff888000001000',
    CPU: '0',
    PROCESS: 'curl:612',
    NETNS: '4026531840',
    'MARK/x': 'ab',
    PROTO: '0x0800',
    MTU: '1500',
    LEN: '60',
  };
  for (const [name, value] of Object.entries(values))
    assert.equal(column(lines[0] ?? '', header, name), value, name);
  assert.equal(column(lines[0] ?? '', header, 'TUPLE'), '10.0.2.15:48522->1.1.1.1:80(tcp)');
  assert.match(
    process.stderr.text,
    /1 packet: 0 delivered, 0 transmitted, 1 dropped \(NETFILTER_DROP 1\), 0 still alive\. 5 events, 0 lost/,
  );
});

test('the flags of TCP segments are printed where they are asked for, as pwru does', async () => {
  const { trace, process, stdout, done } = run(['--output-tcp-flags']);
  await stdout.until(/FUNC\n/);
  trace.agent.sendEvents([
    curl(0, { tcpFlags: 0x12 }),
    curl(1, { tcpFlags: 0 }),
    curl(3, { l4Protocol: 17 }),
  ]);
  await stdout.until(/kfree_skbmem/);
  process.interrupt();
  await done;
  const tuples = stdout.lines.slice(1).map((line) => /\((?:tcp|udp)[^)]*\)/.exec(line)?.[0]);
  assert.deepEqual(tuples, ['(tcp:SYN|ACK)', '(tcp)', '(udp)']);
});

test('with --output-file lines go there, and standard output has none', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'packet-trace-'));
  const file = join(dir, 'trace.log');
  try {
    const { trace, process, stdout, done } = run(['--output-file', file, '--output-limit-lines', '1']);
    await process.stderr.until(/Ctrl-C/);
    trace.agent.sendEvents([curl(0)]);
    assert.equal(await done, ExitCode.Ok);
    assert.match(readFileSync(file, 'utf8'), /^SKB .*FUNC\n.* ip_local_out\n$/);
    assert.equal(stdout.text, '');
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('options of pwru that have no effect here say so', async () => {
  const { process, stdout, done } = run([
    '--all-kmods',
    '--filter-kprobe-batch',
    '100',
    '--set-percpu-buf=4096',
  ]);
  await stdout.until(/FUNC\n/);
  process.interrupt();
  await done;
  assert.match(process.stderr.text, /--all-kmods changes nothing/);
  assert.match(process.stderr.text, /--filter-kprobe-batch has no effect/);
  assert.doesNotMatch(process.stderr.text, /percpu/);
});

test('a drop whose function is not probed has its own line', async () => {
  const { trace, process, stdout, done } = run([]);
  await stdout.until(/FUNC\n/);
  trace.agent.send(NETFILTER_LOCATION);
  trace.agent.sendEvents([curl(0), curl(1), netfilterDrop()]);
  await stdout.until(/skb:kfree_skb/);
  process.interrupt();
  await done;
  assert.match(stdout.lines.at(-1) ?? '', / skb:kfree_skb\(NETFILTER_DROP\) in nf_hook_slow\+0x40$/);
});

test('a function that announces a drop is printed also when nothing follows it', async () => {
  const { trace, process, stdout, done } = run([]);
  await stdout.until(/FUNC\n/);
  trace.agent.sendEvents([curl(2)]);
  await stdout.until(/sk_skb_reason_drop\n/);
  trace.agent.sendEvents([netfilterDrop()]);
  await stdout.until(/skb:kfree_skb\(NETFILTER_DROP\)/);
  process.interrupt();
  await done;
  assert.equal(stdout.lines.length, 3);
});

test('modules that come while tracing are told when they bring something', async () => {
  const { trace, process, stdout, done } = run(['-v']);
  await stdout.until(/FUNC\n/);
  trace.agent.send({ ...VXLAN, names: ['udp_tunnel'], functions: [] });
  trace.agent.send({ ...VXLAN, skipped: [{ reason: 'inlined', names: ['vxlan_rcv', 'vxlan_gro'] }] });
  trace.agent.sendEvents([{ address: 0xffff_ffff_c000_1000n }]);
  await stdout.until(/vxlan_xmit\n/);
  process.interrupt();
  await done;
  assert.match(process.stderr.text, /Module vxlan was loaded: 1 more function probed, 2 not\./);
  assert.match(process.stderr.text, /not attached, inlined: vxlan_rcv, vxlan_gro/);
  assert.doesNotMatch(process.stderr.text, /udp_tunnel/);
});

test('drops are red where there are colours, in JSON never', async () => {
  for (const [args, expected] of [
    [[], 1],
    [['--json'], 0],
  ] as const) {
    const trace = new FakeTrace();
    const process = new FakeProcess();
    const environment = { ...process.environment, hasColors: true };
    const done = traceCommand(options(...args), environment, trace.start);
    const stdout = process.stdout as Collected;
    await stdout.until(/FUNC\n|"attached"/);
    trace.agent.sendEvents([curl(0), curl(2), netfilterDrop()]);
    await stdout.until(/NETFILTER_DROP/);
    process.interrupt();
    assert.equal(await done, ExitCode.Ok);
    assert.equal(stdout.text.match(/\x1b\[31m/g)?.length ?? 0, expected);
  }
});

test('columns can be left out', async () => {
  const { trace, process, stdout, done } = run(['--output-meta=false', '--output-tuple=false']);
  await stdout.until(/FUNC\n/);
  trace.agent.sendEvents([curl(0)]);
  await stdout.until(/ip_local_out/);
  process.interrupt();
  await done;
  assert.deepEqual(
    stdout.lines.map((line) => line.split(/ +/)),
    [
      ['SKB', 'CPU', 'PROCESS', 'FUNC'],
      ['0xffff888000001000', '0', 'curl:612', 'ip_local_out'],
    ],
  );
});

test('relative timestamps count from the same packet, current ones from boot', async () => {
  const other = { skb: kernelAddress(0x8880_0000_9000) };
  const events = [
    curl(0, { timestamp: 1000n }),
    curl(0, { timestamp: 1500n, ...other }),
    curl(1, { timestamp: 2200n }),
    curl(1, { timestamp: 2300n, ...other }),
  ];
  for (const [kind, expected] of [
    ['relative', ['0', '0', '1200', '800']],
    ['current', ['1000', '1500', '2200', '2300']],
  ] as const) {
    const { trace, process, stdout, done } = run(['--timestamp', kind]);
    await stdout.until(/FUNC\n/);
    trace.agent.sendEvents(events);
    await stdout.until(/(nf_hook_slow[^]*){2}/);
    process.interrupt();
    await done;
    const [header = '', ...lines] = stdout.lines;
    assert.deepEqual(
      lines.map((line) => column(line, header, 'TIMESTAMP')),
      expected,
    );
  }
});

test('absolute timestamps are the target’s time of day', async () => {
  const { trace, process, stdout, done } = run(['--timestamp', 'absolute']);
  await stdout.until(/FUNC\n/);
  trace.agent.sendEvents([curl(0, { timestamp: 5_250_000_000n })]);
  await stdout.until(/ip_local_out/);
  process.interrupt();
  await done;
  const [header = '', line = ''] = stdout.lines;
  // 1,700,000,000 s is the fake target's boot; the text is in this machine's time zone.
  assert.equal(new Date(column(line, header, 'TIME')).getTime(), 1_700_000_005_250);
});

test('after N lines the trace stops by itself', async () => {
  const { trace, stdout, done } = run(['--output-limit-lines', '3']);
  await stdout.until(/FUNC\n/);
  trace.agent.sendEvents(Array.from({ length: 100 }, () => curl(0)));
  assert.equal(await done, ExitCode.Ok);
  assert.equal(stdout.lines.length, 1 + 3);
  assert.ok(trace.agent.requests.some(({ type }) => type === 'stop'));
});

test('many events are few writes, and none is missing', async () => {
  const { trace, process, stdout, done } = run([]);
  await stdout.until(/FUNC\n/);
  const count = 20_000;
  const batch = Array.from({ length: 1000 }, () => curl(0));
  for (let sent = 0; sent < count; sent += batch.length) trace.agent.sendEvents(batch);
  process.interrupt();
  assert.equal(await done, ExitCode.Ok);
  assert.equal(stdout.lines.length, 1 + count);
  assert.ok(stdout.writes < count / 100, String(stdout.writes));
});

test('a reader that goes away ends the trace quietly, be it before the first line', async () => {
  for (const read of [0, 1]) {
    const trace = new FakeTrace();
    let writes = 0;
    const stdout = new Writable({
      write: (_chunk, _encoding, done) => {
        writes++;
        done(writes > read ? Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }) : null);
      },
    });
    const process = new FakeProcess(stdout);
    const done = traceCommand(options(), process.environment, trace.start);
    await process.stderr.until(/Tracing/);
    if (read > 0) trace.agent.sendEvents([curl(0)]);
    assert.equal(await done, ExitCode.Ok);
    assert.doesNotMatch(process.stderr.text, /EPIPE/);
  }
});

test('a reader that is slow gets everything', async () => {
  const chunks: string[] = [];
  const stdout = new Writable({
    highWaterMark: 1,
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk.toString());
      setTimeout(done, 5);
    },
  });
  const trace = new FakeTrace();
  const process = new FakeProcess(stdout);
  const done = traceCommand(options(), process.environment, trace.start);
  await process.stderr.until(/Tracing/);
  trace.agent.sendEvents(Array.from({ length: 3000 }, () => curl(0)));
  trace.agent.die({ connectionLost: true });
  assert.equal(await done, ExitCode.CutShort);
  assert.equal(chunks.join('').split('\n').length - 1, 1 + 3000);
});

test('a lost connection keeps what came, says so, and has its own exit code', async () => {
  const { trace, process, stdout, done } = run([]);
  await stdout.until(/FUNC\n/);
  trace.agent.sendEvents([curl(0)], 17);
  trace.agent.die({ connectionLost: true });
  assert.equal(await done, ExitCode.CutShort);
  assert.equal(stdout.lines.length, 2);
  assert.match(process.stderr.text, /1 packet: .* 1 still alive\. 1 event, 17 lost/);
  assert.match(process.stderr.text, /connection to the target was lost/);
});

test('errors before the trace go to standard error with their remedy and exit code', async () => {
  for (const [code, exit] of [
    ['filter', ExitCode.Usage],
    ['host-key-changed', ExitCode.NotReached],
    ['target-no-btf', ExitCode.CannotTrace],
    ['cancelled', ExitCode.Interrupted],
    ['internal', ExitCode.Internal],
  ] as const) {
    const process = new FakeProcess();
    const fail = () => Promise.reject(new PacketTraceError(code, 'what failed', 'what to do'));
    assert.equal(await traceCommand(options(), process.environment, fail), exit);
    assert.match(process.stderr.text, /what failed\n.*what to do/);
    assert.equal((process.stdout as Collected).text, '');
  }
});

test('the request is what the options say', async () => {
  const { trace, process, stdout, done } = run([
    '--identity',
    'key',
    '--filter-func',
    'ip_.*',
    '--backend',
    'kprobe',
    'tcp',
    'port 80',
  ]);
  await stdout.until(/FUNC\n/);
  process.interrupt();
  await done;
  const [request] = trace.requests;
  assert.deepEqual(
    [
      request?.target,
      request?.identity,
      request?.filter,
      request?.functions,
      request?.backend,
      request?.distDir,
    ],
    ['root@guest', 'key', 'tcp port 80', 'ip_.*', 'kprobe', '/nowhere'],
  );
});

test('the ready file appears once the probes are attached', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'kpt-'));
  try {
    const file = join(dir, 'ready');
    const { process, stdout, done } = run(['--ready-file', file]);
    assert.equal(existsSync(file), false);
    await stdout.until(/FUNC\n/);
    assert.equal(existsSync(file), true);
    process.interrupt();
    assert.equal(await done, ExitCode.Ok);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('a ready file that cannot be written is refused before anything is attached', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'kpt-'));
  try {
    for (const path of [join(dir, 'no', 'such'), dir, join(process.execPath, 'file')]) {
      const { trace, process, done } = run(['--ready-file', path]);
      assert.equal(await done, ExitCode.Usage, path);
      assert.deepEqual(trace.requests, []);
      assert.match(process.stderr.text, /The ready file cannot be written: .*\n.*--ready-file/);
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('a ready file from before is renewed by nothing but attached probes', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'kpt-'));
  try {
    const file = join(dir, 'ready');
    writeFileSync(file, 'as it was');
    const before = new Date('2001-01-01T00:00:00Z');
    utimesSync(file, before, before);
    const isStale = () => statSync(file).mtimeMs === before.getTime();
    const refused = new FakeProcess();
    const filter = () => Promise.reject(new PacketTraceError('filter', 'no'));
    const command = options('--ready-file', file, 'tcp prot 80');
    assert.equal(await traceCommand(command, refused.environment, filter), ExitCode.Usage);
    assert.ok(isStale());
    let isStaleAtStart: boolean | undefined;
    const trace = new FakeTrace();
    const process = new FakeProcess();
    const done = traceCommand(command, process.environment, (request) => {
      isStaleAtStart = isStale();
      return trace.start(request);
    });
    await process.stderr.until(/Tracing/);
    process.interrupt();
    assert.equal(await done, ExitCode.Ok);
    assert.deepEqual([isStaleAtStart, isStale()], [true, false]);
    assert.equal(readFileSync(file, 'utf8'), 'as it was');
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('a connection that is lost on the way did not reach the target', async () => {
  const process = new FakeProcess();
  const fail = () => Promise.reject(new PacketTraceError('connection-lost', 'lost'));
  assert.equal(await traceCommand(options(), process.environment, fail), ExitCode.NotReached);
});

test('what was not attached is counted, and named when asked for', async () => {
  const skipped = [{ reason: 'inlined everywhere', names: ['a_function', 'another'] }];
  const { process, stdout, done } = run(['--verbose'], new FakeTrace({ skipped }));
  await stdout.until(/FUNC\n/);
  process.interrupt();
  await done;
  assert.match(process.stderr.text, new RegExp(`${NAMES.length} functions by kprobe-multi, 2 not attached`));
  assert.match(process.stderr.text, /inlined everywhere: a_function, another/);
});

test('commands on standard input change the filter; a bad one is told and changes nothing', async () => {
  const { trace, process, done } = run(['--filter-commands', 'icmp']);
  await process.stderr.until(/Tracing /);
  process.stdin.write('filter tcp port 80\nfoo\nfilter\n');
  const request = await trace.agent.request('filter');
  assert.equal(request.generation, 1);
  trace.agent.send({ type: 'filter-changed', generation: 1, since: '5', milliseconds: 1 });
  await process.stderr.until(/Filter: tcp port 80\n"foo" is not a command.*\nFilter: tcp port 80\n/);
  process.interrupt();
  assert.equal(await done, ExitCode.Ok);
});

test('without --filter-commands standard input is left alone', async () => {
  const { trace, process, done } = run([]);
  await process.stderr.until(/Tracing /);
  process.stdin.write('filter tcp\n');
  process.interrupt();
  await done;
  assert.equal(process.stdin.readableLength > 0, true);
  assert.deepEqual(
    trace.agent.requests.filter(({ type }) => type === 'filter'),
    [],
  );
});

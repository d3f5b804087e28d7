/** The agent in a guest, driven over ssh by its own protocol. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { distDir } from '../../../build/paths.ts';
import { FilterCompiler } from '../../../extension/filter/filter-compiler.ts';
import { type Attached, SILENCE_ENDS_MS, type StartRequest } from '../../../common/protocol.ts';
import { EventKind } from '../../../common/layouts.ts';
import { assertExtras, assertNamespaceNames, assertTunnel } from './extras.ts';
import { AGENT_FOLDER, type AgentClient } from './client.ts';
import { assertMetadata } from './metadata.ts';
import { assertConditions } from './conditions.ts';
import { assertExpressionTypes } from './expression-types.ts';
import { assertKernelBtf } from './kernel-btf.ts';
import {
  agentSuite,
  ALL_ICMP,
  assertInOrder,
  assertChosenModules,
  assertNewModuleIsProbed,
  DROPPED,
  functionNames,
  GATEWAY,
  lastOfLives,
} from './suite.ts';

/** A few functions attach in no time. */
/** The kernel takes the probes off link by link; the emulator takes its time for each. */
const GONE_MS = 20_000;

const FEW_FUNCTIONS: StartRequest = { ...ALL_ICMP, functions: 'ip_rcv|ip_output|icmp_rcv' };

describe('agent on 6.12', () => {
  const suite = agentSuite('6.12');
  const { guest, connect, trace, sh } = suite;

  /** Functions that ftrace has a probe on. */
  const probed = async () => Number(await sh('wc -l < /sys/kernel/tracing/enabled_functions'));

  /** Waits for the kernel to have as many probed functions as before. */
  async function probesGone(limitMs: number): Promise<void> {
    const deadline = Date.now() + limitMs;
    while ((await probed()) > 0) {
      assert.ok(Date.now() < deadline, `probes are left after ${limitMs} ms`);
      await sleep(200);
    }
  }

  test('says who it is', async () => {
    const hello = await connect().message('hello');
    assert.equal(hello.kernelRelease, guest().release);
    assert.equal(hello.machine, 'x86_64');
    assert.equal(hello.cpus, 2);
    const clock = Number(await sh('date +%s'));
    const uptime = Number((await sh('cut -d. -f1 /proc/uptime')).trim());
    const offset = Number(BigInt(hello.realtimeOffset) / 1_000_000_000n);
    assert.ok(Math.abs(clock - uptime - offset) < 30, `${clock} - ${uptime} is not about ${offset}`);
  });

  test('follows a ping out and its answer in, and counts what it sent', async () => {
    const { client, attached } = await trace(ALL_ICMP);
    assert.equal(attached.backend, 'kprobe-multi');
    assert.ok(attached.functions.length > 1000, `${attached.functions.length} functions`);
    await sh(`ping -c 1 ${GATEWAY}`);
    const netns = Number(/\d+/.exec(await sh('readlink /proc/self/ns/net'))?.[0]);
    client.send({ type: 'stop' });
    const end = await client.message('end');

    assert.equal(end.events, client.events.length);
    assert.equal(end.lost, 0);
    assert.equal(end.untracked, 0);
    const seen = functionNames(attached, client.events);
    assert.deepEqual(
      seen.filter((name) => name.startsWith('unknown')),
      [],
    );
    assertInOrder(seen, ['ip_output', 'ip_finish_output', 'dev_hard_start_xmit', 'ip_rcv_core', 'icmp_rcv']);
    const out = client.events.find((event) => event.comm === 'ping');
    assert.ok(out !== undefined, 'no event with the name of ping');
    assert.match(out.tuple ?? '', new RegExp(`^10\\.0\\.2\\.15:0->${GATEWAY.replaceAll('.', '\\.')}:0/1$`));
    const lives = lastOfLives(client.events);
    for (const { tuple, parent, netns: seenIn, len } of client.events) {
      // A copy shows its own headers from its first step on.
      const packet = tuple ?? lives.get(parent)?.tuple;
      assert.ok(packet?.includes(GATEWAY), `the filter let ${packet} pass`);
      assert.ok(len > 0);
      assert.ok(seenIn === netns || seenIn === 0, `namespace ${seenIn}`);
    }
    const eth0 = Number(await sh('cat /sys/class/net/eth0/ifindex'));
    assert.ok(
      client.events.some(({ device, ifindex, mtu }) => device === 'eth0' && ifindex === eth0 && mtu === 1500),
    );
    assert.equal(await probed(), 0);
  });

  test('tells why a packet was dropped', async () => {
    await sh(`ip route add ${DROPPED}/32 dev lo && iptables -I OUTPUT 1 -d ${DROPPED} -j DROP`);
    const { client, attached } = await trace(ALL_ICMP);
    await guest().exec(`ping -c 1 -W 1 ${DROPPED}`);
    client.send({ type: 'stop' });
    await client.message('end');
    const drops = client.events.filter(({ kind }) => kind === EventKind.Drop);
    const reasons = new Map(attached.dropReasons.map(({ value, name }) => [value, name]));
    assert.deepEqual(
      drops.map(({ value }) => reasons.get(value)),
      ['NETFILTER_DROP'],
    );
    const trajectory = client.events.filter(({ life }) => life === drops[0]?.life);
    assertInOrder(functionNames(attached, trajectory), [
      'nf_hook_slow',
      'sk_skb_reason_drop',
      'kfree_skbmem',
    ]);
    assert.equal(trajectory.at(-1)?.ends, true);
  });

  test('tells of each step what it is asked for besides', async () => {
    await assertExtras(suite);
    await assertTunnel(suite);
    await assertNamespaceNames(suite);
  });

  test('tells values of expressions with each step', () => assertMetadata(suite));

  test('tells the end of each packet, whatever was asked for', async () => {
    const { client, attached } = await trace(FEW_FUNCTIONS);
    await sh('ping -c 2 -i 0.2 127.0.0.1');
    client.send({ type: 'stop' });
    await client.message('end');
    const seen = functionNames(attached, client.events);
    assertInOrder(seen, ['ip_output', 'ip_rcv', 'icmp_rcv', 'ip_output', 'ip_rcv', 'icmp_rcv']);
    assert.deepEqual(
      seen.filter((name) => name.startsWith('unknown')),
      [],
    );
    const lives = lastOfLives(client.events);
    assert.ok(lives.size >= 4, `${lives.size} packets`); // two requests, two answers
    const alive = [...lives.values()].filter(({ ends }) => !ends);
    assert.deepEqual(alive, []);
    // What was not asked for only ends and links lives.
    const others = client.events.filter(
      ({ isQuiet, ends, kind }) => isQuiet && !ends && kind !== EventKind.Copy,
    );
    assert.deepEqual(others, []);
  });

  test('a packet that no longer matches is followed, unless told not to', async () => {
    const compiler = new FilterCompiler(distDir);
    const filter = await compiler.compile('udp dst port 7001');
    await compiler.dispose();
    await sh('iptables -t nat -A OUTPUT -p udp --dport 7001 -j REDIRECT --to-ports 7002');
    const request = { ...ALL_ICMP, filter, functions: 'ip_send_skb|ip_output|ip_rcv' };
    await sh('iptables -A INPUT -p udp --dport 7002 -j DROP');
    const expected = [
      { track: true, functions: ['ip_send_skb', 'ip_output', 'ip_rcv'], ports: [7001, 7002, 7002] },
      { track: false, functions: ['ip_send_skb'], ports: [7001] },
    ];
    for (const { track, functions, ports } of expected) {
      const { client, attached } = await trace({ ...request, track });
      await sh('echo x | nc -u -w 1 127.0.0.1 7001 || true');
      client.send({ type: 'stop' });
      await client.message('end');
      const steps = client.events.filter(({ isQuiet, kind }) => !isQuiet && kind === EventKind.Step);
      const life = steps.filter((event) => event.life === steps[0]?.life);
      assert.deepEqual(functionNames(attached, life), functions);
      assert.deepEqual(
        life.map(({ tuple }) => Number(/->127\.0\.0\.1:(\d+)\//.exec(tuple ?? '')?.[1])),
        ports,
      );
      // What became of it is told in any case, and is no step of a packet that no longer matches.
      const drops = client.events.filter(
        (event) => event.life === steps[0]?.life && event.kind === EventKind.Drop,
      );
      assert.deepEqual(
        drops.map(({ isQuiet }) => isQuiet),
        [!track],
      );
    }
    await sh('iptables -D INPUT -p udp --dport 7002 -j DROP');
  });

  test('reads IPv6 headers', async () => {
    const { client, attached } = await trace({
      ...ALL_ICMP,
      filter: null,
      functions: 'ip6_.*|ipv6_rcv|icmpv6_rcv|udpv6_queue_rcv_skb',
    });
    await sh('ping -6 -c 1 -s 3000 ::1'); // fits into the loopback's MTU: no fragments
    await sh('echo | nc -6 -u -w 1 -p 4444 ::1 5555 || true');
    client.send({ type: 'stop' });
    await client.message('end');
    const one = '[0:0:0:0:0:0:0:1]';
    const tuples = new Set(client.events.map(({ tuple }) => tuple));
    assert.ok(tuples.has(`${one}:0->${one}:0/58`), [...tuples].join(' '));
    assert.ok(tuples.has(`${one}:4444->${one}:5555/17`), [...tuples].join(' '));
    assert.ok(functionNames(attached, client.events).includes('icmpv6_rcv'));
  });

  test('counts what does not fit into the ring buffer', async () => {
    const { client } = await trace({ ...ALL_ICMP, ringBufferBytes: 4096 });
    await sh(`ping -q -f -c 200 ${GATEWAY}`);
    /** Totals of the CPUs, as far as events told of them. */
    const told = () => {
      const totals = new Map<number, number>();
      for (const { cpu, lost } of client.events) if (lost !== undefined) totals.set(cpu, lost);
      return [...totals.values()].reduce((sum, total) => sum + total, 0);
    };
    // The next event on that CPU that fits into the ring buffer tells of it.
    for (const deadline = Date.now() + 30_000; told() === 0 && Date.now() < deadline;)
      await sh(`ping -q -c 1 ${GATEWAY}`);
    client.send({ type: 'stop' });
    const end = await client.message('end');
    assert.equal(end.events, client.events.length);
    assert.ok(end.lost > 0, 'nothing was lost');
    assert.ok(told() > 0 && told() <= end.lost, `${told()} told of ${end.lost}`);
  });

  const ends: [string, (client: AgentClient, pid: number) => unknown, number][] = [
    ['its input ends', (client) => client.end(), GONE_MS],
    ['the connection is cut', (client) => client.kill(), GONE_MS],
    ['it is killed', (_, pid) => sh(`kill -9 ${pid}`), GONE_MS],
    ['it is told to terminate', (_, pid) => sh(`kill ${pid}`), GONE_MS],
    // It leaves after a minute of its own time, which a busy machine takes some of; pause.test.ts has what happens until then.
    ['the editor stays silent', (client) => client.silence(), 3 * SILENCE_ENDS_MS],
  ];
  /** What these traces attached to. */
  const few: Attached[] = [];
  for (const [event, act, limitMs] of ends)
    test(`leaves no probe when ${event}`, async () => {
      const { client, attached } = await trace(FEW_FUNCTIONS);
      few.push(attached);
      const { pid } = await client.message('hello');
      assert.ok((await probed()) >= 3);
      await act(client, pid);
      await probesGone(limitMs);
      const { stdout } = await guest().exec(`pgrep -f ${AGENT_FOLDER}/agent.cjs`);
      assert.equal(stdout, '');
    });

  test('the next trace finds the same in what the first one kept', async () => {
    const [first, ...others] = few.map(({ functions, skipped, dropReasons }) => ({
      functions,
      skipped,
      dropReasons,
    }));
    assert.equal(others.length, 4);
    for (const next of others) assert.deepEqual(next, first);
    const kept = await sh('stat -c "%U %a %F" /run/kernel-packet-trace /run/kernel-packet-trace/*');
    assert.deepEqual(kept.trim().split('\n'), ['root 700 directory', 'root 600 regular file']);
  });

  test('leaves out the SSH connection it came through, and says so', async () => {
    const all = { ...FEW_FUNCTIONS, filter: null, functions: 'tcp_v4_rcv|ip_output' };
    const { client, attached } = await trace(all);
    const [local, remote] = (attached.ownConnections[0] ?? '').split(' - ');
    assert.match(local ?? '', /^10\.0\.2\.15:22$/);
    const own = [`${local}->${remote}/6`, `${remote}->${local}/6`];
    await sh('true'); // through another connection
    client.send({ type: 'stop' });
    await client.message('end');
    const tuples = client.events.map(({ tuple }) => tuple ?? '');
    assert.deepEqual(
      tuples.filter((tuple) => own.includes(tuple)),
      [],
    );
    assert.ok(
      tuples.some((tuple) => tuple.includes('10.0.2.15:22')),
      'other SSH connections are shown',
    );

    const including = await trace({ ...all, includeOwnConnection: true });
    assert.deepEqual(including.attached.ownConnections, []);
    including.client.send({ type: 'stop' });
    await including.client.message('end');
    assert.ok(including.client.events.length > 0);
  });

  test('traces leave out the connections of each other, also where sudo took SSH_CONNECTION away', async () => {
    const request = { ...FEW_FUNCTIONS, filter: null, functions: 'tcp_v4_rcv|__tcp_transmit_skb|ip_output' };
    const first = await trace(request);
    const second = connect(`env -u SSH_CONNECTION node ${AGENT_FOLDER}/agent.cjs serve`);
    second.send(request);
    const attached = await second.message('attached', 120_000);
    const [own = '', other = ''] = [attached.ownConnections[0], attached.otherConnections[0]];
    assert.deepEqual(attached.otherConnections, first.attached.ownConnections);
    assert.match(own, /^10\.0\.2\.15:22 - 10\.0\.2\.2:\d+$/);
    assert.notEqual(own, other);
    await sleep(2000); // the first one looks every second
    const before = first.client.events.length;
    await sh('true'); // through another connection
    for (const client of [first.client, second]) {
      client.send({ type: 'stop' });
      await client.message('end');
    }
    const isOf = (connection: string, tuple: string) => tuple.includes(connection.split(' - ')[1] ?? '');
    const seen = first.client.events.slice(before).map(({ tuple }) => tuple ?? '');
    assert.deepEqual(
      seen.filter((tuple) => isOf(own, tuple)),
      [],
    );
    const seenBySecond = second.events.map(({ tuple }) => tuple ?? '');
    assert.deepEqual(
      seenBySecond.filter((tuple) => isOf(own, tuple) || isOf(other, tuple)),
      [],
    );
    for (const tuples of [seen, seenBySecond]) assert.ok(tuples.some((tuple) => tuple.includes(':22')));
  });

  test('leaves out messages of local sockets, unless they are asked for', async () => {
    const ask = 'ip link > /dev/null';
    for (const includeLocalSockets of [false, true]) {
      const { client, attached } = await trace({
        ...FEW_FUNCTIONS,
        filter: null,
        functions: 'netlink_.*|nla_put|ip_output',
        includeLocalSockets,
      });
      await sh(ask);
      client.send({ type: 'stop' });
      await client.message('end');
      const seen = functionNames(attached, client.events);
      const some = seen.some((name) => /^(netlink_|nla_)/.test(name));
      assert.equal(some, includeLocalSockets, seen.join(' '));
    }
  });

  /** States in which a trace cannot be, or would see nothing, with what the user is told to do. */
  const states: [string, { make: string; unmake: string }, string, RegExp, string][] = [
    [
      'functions’ addresses are hidden',
      { make: 'sysctl -qw kernel.kptr_restrict=2', unmake: 'sysctl -qw kernel.kptr_restrict=0' },
      'addresses',
      /^As root: sysctl kernel\.kptr_restrict=1$/,
      'no-privilege',
    ],
    [
      'ftrace is switched off',
      { make: 'sysctl -qw kernel.ftrace_enabled=0', unmake: 'sysctl -qw kernel.ftrace_enabled=1' },
      'ftrace',
      /^As root: sysctl kernel\.ftrace_enabled=1$/,
      'attach',
    ],
    [
      'no tracefs is mounted',
      {
        make:
          'umount /sys/kernel/debug/tracing 2>/dev/null; umount /sys/kernel/debug 2>/dev/null; ' +
          'umount /sys/kernel/tracing && ! grep -E "tracefs|debugfs" /proc/mounts',
        unmake:
          'mount -t tracefs tracefs /sys/kernel/tracing && mount -t debugfs debugfs /sys/kernel/debug && ' +
          'ls /sys/kernel/debug/tracing > /dev/null',
      },
      'tracefs',
      /^As root: mount -t tracefs tracefs \/sys\/kernel\/tracing$/,
      'no-privilege',
    ],
  ];
  for (const [state, { make, unmake }, item, remedy, code] of states)
    test(`a check and a trace say the same where ${state}`, async () => {
      await sh(make);
      try {
        const client = connect();
        client.send({ type: 'check' });
        const missing = (await client.message('check')).items.filter(({ status }) => status === 'missing');
        assert.deepEqual(
          missing.map(({ name }) => name),
          [item],
        );
        const [lacking] = missing;
        assert.match(lacking?.remedy ?? '', remedy);
        client.send(FEW_FUNCTIONS);
        await assert.rejects(client.message('attached'), (error: Error) => {
          assert.ok(error.message.includes(`"code":"${code}"`), error.message);
          for (const words of [lacking?.detail, lacking?.remedy])
            assert.ok(error.message.includes(words ?? '?'), error.message);
          return true;
        });
        if (item === 'tracefs') await sh('! grep -E "tracefs|debugfs" /proc/mounts'); // nor did we mount one
      } finally {
        await sh(unmake);
      }
    });

  test('a check goes through all of a trace but the probes', async (context) => {
    const client = connect();
    const start = performance.now();
    client.send({ type: 'check' });
    const { items } = await client.message('check');
    context.diagnostic(`${Math.round(performance.now() - start)} ms`);
    assert.deepEqual(
      items.filter(({ status }) => status !== 'ok'),
      [],
    );
    const functions = /([\d,]+) functions$/.exec(items.find(({ name }) => name === 'programs')?.detail ?? '');
    assert.ok(Number(functions?.[1]?.replaceAll(',', '')) > 1000, functions?.[0]);
    assert.equal(await probed(), 0);
  });

  test('a filter sees what came out of a tunnel that shows the outer header as the link header', async () => {
    await sh(
      'modprobe ip_gre && ip netns add far && ip link add g0 type veth peer name g1 netns far && ' +
        'ip addr add 172.20.0.1/24 dev g0 && ip link set g0 up && ' +
        'ip -n far addr add 172.20.0.2/24 dev g1 && ip -n far link set g1 up && ' +
        'ip link add tun9 type gre local 172.20.0.1 remote 172.20.0.2 && ' +
        'ip addr add 10.21.0.1/24 dev tun9 && ip link set tun9 up && ' +
        'ip -n far link add tun9 type gre local 172.20.0.2 remote 172.20.0.1 && ' +
        'ip -n far addr add 10.21.0.2/24 dev tun9 && ip -n far link set tun9 up',
    );
    const { client, attached } = await trace({ ...ALL_ICMP, functions: 'icmp_rcv' });
    await sh('ping -c 1 -w 10 10.21.0.2');
    client.send({ type: 'stop' });
    await client.message('end');
    await sh('ip netns del far && ip link del tun9');
    const seen = client.events.filter(({ isQuiet, kind }) => !isQuiet && kind === EventKind.Step);
    assert.deepEqual(functionNames(attached, seen), ['icmp_rcv', 'icmp_rcv']);
    assert.deepEqual(
      seen.map(({ tuple }) => tuple),
      ['10.21.0.1:0->10.21.0.2:0/1', '10.21.0.2:0->10.21.0.1:0/1'],
    );
  });

  test('an Ethernet header with VLAN tags in it is one', async () => {
    // A frame with these bytes behind the addresses: tags, then IPv4 and no more. $1 is the first tag's type.
    const sender =
      'socket(my $socket, 17, 3, 0) or die $!; my ($type, $tags, $index) = @ARGV; ' +
      'my $frame = pack("H*", "020000000002" . "020000000001" . $tags . "0800" . "45" . "00" x 19); ' +
      'send($socket, $frame, 0, pack("S n i S C C a8", 17, hex $type, $index, 1, 0, 6, "")) or die $!';
    await sh('modprobe dummy && ip link add tagged type dummy && ip link set tagged up');
    try {
      const { client, attached } = await trace({
        ...ALL_ICMP,
        functions: 'dummy_xmit',
        // The type of the first tag, read where only an Ethernet header has it.
        filter: {
          l2: [
            [40, 0, 0, 12],
            [21, 1, 0, 0x8100],
            [21, 0, 1, 0x88a8],
            [6, 0, 0, 262144],
            [6, 0, 0, 0],
          ],
          l3: null,
        },
      });
      const index = '$(cat /sys/class/net/tagged/ifindex)';
      for (const tags of ['81000007', '88a8000581000007'])
        await sh(`perl -e '${sender}' ${tags.slice(0, 4)} ${tags} ${index}`);
      client.send({ type: 'stop' });
      await client.message('end');
      const seen = client.events.filter(({ isQuiet, kind }) => !isQuiet && kind === EventKind.Step);
      assert.deepEqual(functionNames(attached, seen), ['dummy_xmit', 'dummy_xmit']);
    } finally {
      await sh('ip link del tagged && rmmod dummy');
    }
  });

  test('probes a module that is loaded meanwhile', () => assertNewModuleIsProbed(suite));

  test('probes chosen modules only', () => assertChosenModules(suite));

  test('conditions, changed while tracing', () => assertConditions(suite));

  test('an editor gets the types that expressions are completed by', () => assertExpressionTypes(suite));

  test('types of the kernel from a file', () => assertKernelBtf(suite));

  test('runs two traces at once, each with its own filter', async () => {
    const first = await trace(FEW_FUNCTIONS);
    const second = await trace({ ...FEW_FUNCTIONS, filter: { l2: null, l3: null } });
    await sh(`ping -c 1 ${GATEWAY}`);
    second.client.send({ type: 'stop' });
    assert.equal((await second.client.message('end')).events, 0);
    assert.ok((await probed()) >= 3, 'the first trace lost its probes');
    first.client.send({ type: 'stop' });
    assert.ok((await first.client.message('end')).events > 0);
  });

  test('stops while it is starting', async () => {
    const client = connect();
    client.send(ALL_ICMP);
    await client.message('progress');
    client.send({ type: 'stop' });
    assert.equal((await client.message('end')).events, 0);
    assert.equal(await probed(), 0);
  });

  test('reports a pattern that matches nothing, and goes on', async () => {
    const client = connect();
    client.send({ ...FEW_FUNCTIONS, functions: 'no_such_function' });
    await assert.rejects(client.message('attached'), /"code":"no-function"/);
    client.messages.length = 0;
    client.send(FEW_FUNCTIONS);
    const attached = await client.message('attached');
    assert.deepEqual(attached.functions.map(({ name }) => name).sort(), ['icmp_rcv', 'ip_output', 'ip_rcv']);
  });

  test('ends when its input is not the protocol', async () => {
    const { code } = await guest().exec(`echo hello | node ${AGENT_FOLDER}/agent.cjs serve > /dev/null`);
    assert.equal(code, 1);
  });

  // The last one: only a boot ends it.
  test('a kernel that is locked down for confidentiality', async () => {
    await sh(
      'mountpoint -q /sys/kernel/security || mount -t securityfs securityfs /sys/kernel/security; ' +
        'echo confidentiality > /sys/kernel/security/lockdown',
    );
    const client = connect();
    client.send({ type: 'check' });
    const { items } = await client.message('check');
    const lacking = items.find(({ status }) => status === 'missing');
    assert.equal(lacking?.name, 'lockdown');
    assert.ok(items.some(({ name, status }) => name === 'bpf' && status === 'missing'));
    client.send(FEW_FUNCTIONS);
    await assert.rejects(client.message('attached'), /"code":"lockdown".*confidentiality.*kernel_lockdown/);
  });
});

/** The agent in a guest, driven over ssh by its own protocol. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type StartRequest } from '../../../common/protocol.ts';
import { EventKind } from '../../../common/layouts.ts';
import { AGENT_FOLDER, type AgentClient } from './client.ts';
import { agentSuite, ALL_ICMP, assertInOrder, DROPPED, functionNames, GATEWAY } from './suite.ts';

/** A few functions attach in no time. */
const FEW_FUNCTIONS: StartRequest = { ...ALL_ICMP, functions: 'ip_rcv|ip_output|icmp_rcv' };

describe('agent on 6.12', () => {
  const { guest, connect, trace, sh } = agentSuite('6.12');

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
    const seen = functionNames(attached, client.events);
    assert.deepEqual(
      seen.filter((name) => name.startsWith('unknown')),
      [],
    );
    assertInOrder(seen, ['ip_output', 'ip_finish_output', 'dev_hard_start_xmit', 'ip_rcv_core', 'icmp_rcv']);
    const out = client.events.find((event) => event.comm === 'ping');
    assert.ok(out !== undefined, 'no event with the name of ping');
    assert.match(out.tuple ?? '', new RegExp(`^10\\.0\\.2\\.15:0->${GATEWAY.replaceAll('.', '\\.')}:0/1$`));
    for (const { tuple, netns: seenIn, len } of client.events) {
      assert.ok(tuple?.includes(GATEWAY), `the filter let ${tuple} pass`);
      assert.ok(len > 0);
      assert.ok(seenIn === netns || seenIn === 0, `namespace ${seenIn}`);
    }
    const eth0 = attached.devices.find(({ name }) => name === 'eth0');
    assert.ok(eth0 !== undefined);
    assert.ok(client.events.some(({ ifindex, mtu }) => ifindex === eth0.ifindex && mtu === 1500));
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
      drops.map(({ dropReason }) => reasons.get(dropReason)),
      ['NETFILTER_DROP'],
    );
    const trajectory = client.events.filter(({ skb }) => skb === drops[0]?.skb);
    assertInOrder(functionNames(attached, trajectory), [
      'nf_hook_slow',
      'sk_skb_reason_drop',
      'kfree_skbmem',
    ]);
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
    const told = () => client.events.reduce((sum, event) => sum + event.lostBefore, 0);
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
    ['its input ends', (client) => client.end(), 3000],
    ['the connection is cut', (client) => client.kill(), 5000],
    ['it is killed', (_, pid) => sh(`kill -9 ${pid}`), 3000],
    ['it is told to terminate', (_, pid) => sh(`kill ${pid}`), 3000],
    ['the editor falls silent', (client) => client.silence(), 9000],
  ];
  for (const [event, act, limitMs] of ends)
    test(`leaves no probe when ${event}`, async () => {
      const { client } = await trace(FEW_FUNCTIONS);
      const { pid } = await client.message('hello');
      assert.ok((await probed()) >= 3);
      await act(client, pid);
      await probesGone(limitMs);
      const { stdout } = await guest().exec(`pgrep -f ${AGENT_FOLDER}/agent.cjs`);
      assert.equal(stdout, '');
    });

  test('leaves out the SSH connection it came through, and says so', async () => {
    const all = { ...FEW_FUNCTIONS, filter: null, functions: 'tcp_v4_rcv|ip_output' };
    const { client, attached } = await trace(all);
    const [local, remote] = (attached.ownConnection ?? '').split(' - ');
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
    assert.equal(including.attached.ownConnection, undefined);
    including.client.send({ type: 'stop' });
    await including.client.message('end');
    assert.ok(including.client.events.length > 0);
  });

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
});

/** What events tell on request, on any kernel. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventKind } from '../../../common/layouts.ts';
import { readStructure } from '../../../extension/recording/extras/structure.ts';
import type { DecodedEvent } from '../../support/agent/decode-events.ts';
import { ALL_ICMP, assertInOrder, GATEWAY, type agentSuite } from './suite.ts';

type Suite = Pick<ReturnType<typeof agentSuite>, 'trace' | 'sh'>;

const BYTES = 96;

/** A ping, with all that can be asked for. */
export async function assertExtras({ trace, sh }: Suite): Promise<void> {
  const { client, attached } = await trace({
    ...ALL_ICMP,
    functions: 'icmp_rcv|ip_rcv|ip_output|ip_finish_output2|dev_hard_start_xmit',
    caller: true,
    stack: true,
    packetBytes: BYTES,
    skb: true,
    sharedInfo: true,
    cb: true,
    tunnel: true,
  });
  await sh(`ping -c 2 -i 0.2 -p 5a -s 200 ${GATEWAY}`);
  client.send({ type: 'stop' });
  await client.message('end');

  const { structures } = await client.message('structures');
  const [skbLayout, sharedLayout] = structures;
  assert.ok(skbLayout?.name === 'sk_buff' && sharedLayout?.name === 'skb_shared_info');
  const locations = client.messages.flatMap((message) =>
    message.type === 'locations' ? message.locations : [],
  );
  const names = new Map(locations.map(({ address, name }) => [address % 2 ** 32, name]));
  const functions = new Map(attached.functions.map(({ address, name }) => [address % 2 ** 32, name]));
  const steps = client.events.filter(({ kind, isQuiet }) => kind === EventKind.Step && !isQuiet);
  const at = (name: string) => steps.filter(({ place }) => functions.get(place) === name);

  const received = at('icmp_rcv');
  assert.ok(received.length >= 2, `${received.length} answers`);
  const stacks = new Map<bigint, number[]>();
  const tellers = new Set<string>();
  for (const { cpu, extras } of client.events) {
    const stack = extras?.stack;
    if (stack === undefined || stack.frames.length === 0) continue;
    // Another CPU may tell it too, before the first one's next event shows that it arrived.
    const teller = `${stack.id} by ${cpu}`;
    assert.ok(!tellers.has(teller), `a stack is told twice: ${teller}`);
    tellers.add(teller);
    assert.deepEqual(stack.frames, stacks.get(stack.id) ?? stack.frames);
    stacks.set(stack.id, stack.frames);
  }
  for (const { extras } of received) {
    assert.equal(names.get(extras?.caller ?? 0), 'ip_protocol_deliver_rcu');
    const frames = stacks.get(extras?.stack?.id ?? 0n) ?? [];
    assertInOrder(
      frames.map((frame) => names.get(frame) ?? `unknown ${frame.toString(16)}`),
      ['ip_protocol_deliver_rcu', 'ip_local_deliver_finish', 'net_rx_action'],
    );
  }

  for (const event of steps) {
    const { skb, sharedInfo, cb, tunnel } = event.extras ?? {};
    assert.ok(skb !== undefined && sharedInfo !== undefined, 'no memory of the skb');
    const value = readStructure(skbLayout, skb);
    assert.equal(value.len, event.len);
    assert.equal(value.head, `0x${event.head.toString(16)}`);
    const shared = readStructure(sharedLayout, sharedInfo);
    assert.ok((shared.dataref as { counter: number }).counter >= 1, JSON.stringify(shared.dataref));
    assert.equal(cb?.toString('hex'), value.cb);
    assert.equal(tunnel, undefined);
  }
  assertBytes(at('ip_output')[0], [0x45]);
  assertBytes(received[0], [0x45]);
  // Each life tells its first bytes, and then only what is new.
  for (const life of new Set(steps.map((step) => step.life))) {
    const told = steps.filter((step) => step.life === life).map(({ extras }) => extras?.packet);
    const texts = told.filter((packet) => packet !== undefined).map(({ bytes }) => bytes.toString('hex'));
    assert.ok(texts.length > 0, 'a packet without bytes');
    for (const [nth, text] of texts.entries()) assert.notEqual(text, texts[nth - 1]);
    assert.ok(texts.length < told.length || told.length < 3, 'bytes are told each time');
  }

  function assertBytes(event: DecodedEvent | undefined, version: number[]): void {
    const life = steps.filter((step) => step.life === event?.life && step.extras?.packet !== undefined);
    const packet = life[0]?.extras?.packet;
    assert.ok(packet !== undefined, 'the packet’s bytes are not known');
    const { bytes, network } = packet;
    assert.equal(bytes.length, BYTES);
    assert.deepEqual([...bytes.subarray(network, network + 1)], version);
    assert.ok(network === 0 || network === 14, `the network header is at ${network}`);
    assert.deepEqual([...new Set(bytes.subarray(network + 20 + 8 + 16))], [0x5a]);
  }
}

/** A packet inside of another is told as soon as it is in it. */
export async function assertTunnel({ trace, sh }: Suite): Promise<void> {
  const [inner, other] = ['10.99.0.1', '10.99.0.2'];
  await sh(
    `ip link add tunnel9 type ipip local 10.0.2.15 remote ${GATEWAY} && ` +
      `ip addr add ${inner}/30 dev tunnel9 && ip link set tunnel9 up`,
  );
  const { client, attached } = await trace({ ...ALL_ICMP, functions: 'ip_output', tunnel: true });
  await sh(`ping -c 1 -W 1 ${other} || true`);
  client.send({ type: 'stop' });
  await client.message('end');
  await sh('ip link del tunnel9');
  assert.equal(attached.functions.length, 1);
  const outputs = client.events.filter(({ kind, isQuiet }) => kind === EventKind.Step && !isQuiet);
  assert.deepEqual(
    outputs.map(({ extras }) => extras?.tunnel),
    [undefined, `${inner}:0->${other}:0/1`],
  );
}

/** Names of namespaces, of one that is made while tracing too, before their events. */
export async function assertNamespaceNames({ trace, sh }: Suite): Promise<void> {
  const ping = (name: string) =>
    sh(
      `ip netns add ${name} && ip -n ${name} link set lo up && ip netns exec ${name} ping -q -c 1 127.0.0.1`,
    );
  await sh('ip link set lo up && ip netns add earlier && ip -n earlier link set lo up');
  const { client } = await trace({ ...ALL_ICMP, functions: 'icmp_rcv', netnsNames: true });
  await sh('ping -q -c 1 127.0.0.1 && ip netns exec earlier ping -q -c 1 127.0.0.1');
  await ping('later');
  // Nobody gives it a name; it lives until it is told of.
  const nameless = await sh(
    'unshare -n sh -c "ip link set lo up; ping -q -c 1 127.0.0.1; sleep 120; true" > /dev/null 2>&1 & echo $!',
  );
  const told = () =>
    client.messages.flatMap((message) => (message.type === 'namespaces' ? message.namespaces : []));
  for (let looks = 0; looks < 600 && !told().some(({ name }) => name === `sh:${nameless.trim()}`); looks++)
    await sleep(100);
  await sh(`kill ${nameless}`);
  client.send({ type: 'stop' });
  await client.message('end');
  await sh('ip netns del earlier; ip netns del later');
  const names = new Map(told().map(({ inode, name }) => [inode, name]));
  const received = client.events.filter(({ kind, isQuiet }) => kind === EventKind.Step && !isQuiet);
  const seen = [...new Set(received.map(({ netns }) => names.get(netns) ?? `unknown ${netns}`))];
  assert.match(seen.join(' '), /^\S+:1 earlier later sh:\d+$/);
}

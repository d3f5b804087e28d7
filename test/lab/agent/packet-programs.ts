/** BPF programs that get packets are steps of the packets that they get. */
import assert from 'node:assert/strict';
import { EventKind } from '../../../common/layouts.ts';
import type { Attached, StartRequest } from '../../../common/protocol.ts';
import type { DecodedEvent } from '../../support/agent/decode-events.ts';
import { installPrograms, PACKET_PROGRAMS } from '../programs/install.ts';
import type { AgentClient } from './client.ts';
import { assertXdpMetadata } from './metadata.ts';
import { ALL_ICMP, type agentSuite } from './suite.ts';

/** As in programs/packets.bpf.c. */
const MARK = 0x2a;
const SHOT = 2;
const NAME = 'classify_by_length(tc)';
const XDP_NAME = 'filter_by_length(xdp)';

/** A function of the kernel or a BPF program; of what it returned `NAME=VALUE`. */
function steps(functions: Attached['functions'], events: readonly DecodedEvent[]): string[] {
  const byPlace = new Map(functions.map(({ address, name }) => [address % 2 ** 32, name]));
  return events
    .filter(({ kind, isQuiet }) => kind !== EventKind.Drop && !isQuiet)
    .map(({ kind, place, value }) => {
      const name = byPlace.get(place) ?? `unknown ${place}`;
      return kind === EventKind.Verdict ? `${name}=${value | 0}` : name;
    });
}

/** What is in each life, in the order of their beginnings; `name=value`: returned. */
function paths(functions: Attached['functions'], events: readonly DecodedEvent[]): string[] {
  const lives = new Map<number, DecodedEvent[]>();
  for (const event of events) lives.set(event.life, [...(lives.get(event.life) ?? []), event]);
  return [...lives.values()].map((life) => steps(functions, life).join(' ')).filter((path) => path !== '');
}

/** As paths, those of a packet's copies behind its own. */
function stories(functions: Attached['functions'], events: readonly DecodedEvent[]): string[] {
  const root = new Map<number, number>();
  for (const { life, parent } of events)
    if (!root.has(life)) root.set(life, parent === 0 ? life : (root.get(parent) ?? parent));
  return paths(
    functions,
    events.map((event) => ({ ...event, life: root.get(event.life) ?? event.life })),
  );
}

type Suite = Pick<ReturnType<typeof agentSuite>, 'trace' | 'sh' | 'guest'>;

/** A classifier that drops what is large and marks what is not; another that comes later; another filter meanwhile. */
export async function assertTcPrograms(suite: Suite): Promise<void> {
  const { trace, sh, guest } = suite;
  await installPrograms(suite.sh);
  const classifier = (side: string) =>
    `tc filter add dev lo ${side} bpf direct-action obj ${PACKET_PROGRAMS} sec tc`;
  await sh(`ip link set lo up && tc qdisc add dev lo clsact && ${classifier('ingress')}`);

  const request = { ...ALL_ICMP, functions: 'icmp_rcv|ip_rcv', tcPrograms: true };
  const { client, attached } = await trace(request);
  const [program, ...others] = attached.functions.filter((each) => each.program !== undefined);
  assert.equal(program?.name, NAME, JSON.stringify(attached.skipped));
  assert.equal(others.length, 0);
  await sh('ping -q -c 1 127.0.0.1');
  assert.notEqual((await guest().exec('ping -q -c 1 -W 1 -s 1000 127.0.0.1')).code, 0);

  await sh(classifier('egress'));
  const later = await client.message('programs');
  assert.deepEqual(
    later.functions.map(({ name, program: loaded }) => [name, loaded?.kind]),
    [[NAME, 'tc']],
  );
  await sh('ping -q -c 1 127.0.0.1');
  // What traces programs has the filter in it.
  client.send({
    type: 'filter',
    filter: null,
    conditions: { mark: { value: 7, mask: 0xff } },
    generation: 1,
  });
  await client.message('filter-changed');
  await sh('ping -q -c 1 127.0.0.1; ping -q -m 7 -c 1 127.0.0.1');

  client.send({ type: 'stop' });
  const end = await client.message('end');
  assert.equal(end.lost, 0);
  const called = `${NAME} ${NAME}=0`;
  const first = `${called} ip_rcv icmp_rcv`;
  const both = `${called} ${first}`;
  const names = attached.functions.concat(later.functions);
  assert.deepEqual(paths(names, client.events), [
    ...[first, first],
    `${NAME} ${NAME}=${SHOT}`,
    ...[both, both],
    ...[both], // only the request has that mark
  ]);
  const [{ life } = { life: 0 }] = client.events;
  const marks = client.events
    .filter((event) => event.life === life && !event.isQuiet)
    .map(({ mark }) => mark);
  assert.deepEqual(marks, [0, MARK, MARK, MARK]);
  await sh('tc qdisc del dev lo clsact');
}

/** Functions that a classifier calls are steps of its packet, but those that a trace calls itself. */
export async function assertCalledFunctions(suite: Suite): Promise<void> {
  const { trace, sh } = suite;
  await installPrograms(suite.sh);
  await sh(
    'ip link set lo up && tc qdisc add dev lo clsact && ' +
      `tc filter add dev lo ingress bpf direct-action obj ${PACKET_PROGRAMS} sec tc.calls`,
  );
  const { client, attached } = await trace({
    ...ALL_ICMP,
    functions: 'tcf_classify.*|ip_rcv|icmp_rcv',
    calledFunctions: true,
  });
  const bystanders = attached.functions.filter(({ argument }) => argument === 0);
  const CALLED = ['bpf_get_hash_recalc', 'bpf_skb_load_bytes'];
  assert.deepEqual(bystanders.map(({ name }) => name).sort(), CALLED);
  const left = attached.skipped.find(({ reason }) => reason === 'the programs of the trace call it too');
  assert.deepEqual(left?.names, ['bpf_ktime_get_ns']);
  await sh('ping -q -c 2 127.0.0.1');
  client.send({ type: 'stop' });
  const end = await client.message('end');
  assert.equal(end.missed, 0);
  const found = paths(attached.functions, client.events);
  assert.equal(found.length, 4, JSON.stringify(found));
  for (const path of found)
    assert.match(path, /^(tcf_classify\S* )+bpf_skb_load_bytes bpf_get_hash_recalc ip_rcv icmp_rcv$/);
  await sh('tc qdisc del dev lo clsact');
}

/** 10.7.1.1 on v0 -- v0, 10.7.1.2 in blue; they know each other, for what XDP does with ARP */
const VETH =
  'ip netns add blue && ip link add v0 address 02:00:00:07:01:01 type veth ' +
  'peer name v0 address 02:00:00:07:01:02 netns blue && ip addr add 10.7.1.1/24 dev v0 && ' +
  'ip -n blue addr add 10.7.1.2/24 dev v0 && ip link set v0 up && ip -n blue link set v0 up && ' +
  'ip neigh replace 10.7.1.2 lladdr 02:00:00:07:01:02 dev v0 nud permanent && ' +
  'ip -n blue neigh replace 10.7.1.1 lladdr 02:00:00:07:01:01 dev v0 nud permanent';

/**
 * XDP between namespaces: in the driver of veth and before the stack (generic), where the packet is an skb already; and
 * on what XDP sent back (XDP_TX), which is none.
 */
export async function assertXdpPrograms(suite: Suite): Promise<void> {
  const { trace, sh, guest } = suite;
  await installPrograms(suite.sh);
  await sh(VETH);
  const lost = async (command: string) => assert.notEqual((await guest().exec(command)).code, 0);
  const traced = async (
    traffic: () => Promise<void>,
    more: Partial<StartRequest> = {},
    look: (client: AgentClient) => Promise<void> = () => Promise.resolve(),
  ) => {
    const functions = 'icmp_rcv|ip_rcv_core|ip_output';
    const { client, attached } = await trace({ ...ALL_ICMP, functions, xdpPrograms: true, ...more });
    assert.ok(
      attached.functions.some(({ name }) => name === XDP_NAME),
      JSON.stringify(attached.skipped),
    );
    await traffic();
    client.send({ type: 'stop' });
    await client.message('end');
    await look(client);
    return stories(attached.functions, client.events);
  };

  for (const mode of ['xdpdrv', 'xdpgeneric']) {
    await sh(`ip -n blue link set v0 ${mode} obj ${PACKET_PROGRAMS} sec xdp`);
    const found = await traced(async () => {
      await sh('ping -q -c 1 10.7.1.2');
      await lost('ping -q -c 1 -W 1 -s 1000 10.7.1.2');
    });
    assert.deepEqual(found, [
      `ip_output ${XDP_NAME} ${XDP_NAME}=2 ip_rcv_core icmp_rcv`,
      'ip_output ip_rcv_core icmp_rcv',
      `ip_output ${XDP_NAME} ${XDP_NAME}=1`,
    ]);
    await sh(`ip -n blue link set v0 ${mode} off`);
  }

  await sh(`ip -n blue link set v0 xdpdrv obj ${PACKET_PROGRAMS} sec xdp.reflect`);
  await sh(`ip link set v0 xdpdrv obj ${PACKET_PROGRAMS} sec xdp`);
  const pings = async () => {
    await lost('ping -q -c 1 -W 1 10.7.1.2');
    await lost('ping -q -c 1 -W 1 -s 1000 10.7.1.2');
  };
  const reflected = await traced(pings);
  const sent = 'ip_output reflect(xdp) reflect(xdp)=3';
  assert.deepEqual(reflected, [
    sent,
    `${XDP_NAME} ${XDP_NAME}=2 ip_rcv_core`,
    sent,
    `${XDP_NAME} ${XDP_NAME}=1`,
  ]);
  const length = '(long)xdp->data_end - (long)xdp->data';
  const large = await traced(
    pings,
    {
      functions: 'icmp_rcv',
      conditions: { xdpExpression: `${length} >= 500` },
      xdpMetadata: ['xdp->rxq->queue_index', length],
    },
    (client) => assertXdpMetadata(client, length),
  );
  assert.deepEqual(large, ['reflect(xdp) reflect(xdp)=3', `${XDP_NAME} ${XDP_NAME}=1`]);
  await sh('ip netns del blue');
}

/** Conditions on packets, each put in force while one trace runs, on the same traffic of three namespaces. */
import assert from 'node:assert/strict';
import { EventKind } from '../../../common/layouts.ts';
import type { Conditions, FilterChanged } from '../../../common/protocol.ts';
import type { DecodedEvent } from '../../support/agent/decode-events.ts';
import type { AgentClient } from './client.ts';
import type { agentSuite } from './suite.ts';

const MARK = 0x15;
const RED = '10.7.0.2';
const EVERY_BIT = 0xffff_ffff;
const TRAFFIC = `ping -q -c 1 -W 1 127.0.0.1; ping -q -m ${MARK} -c 1 -W 1 127.0.0.1; ip netns exec blue ping -q -c 1 -W 1 ${RED}`;
const HEADER = '((struct iphdr *)(skb->head + skb->network_header))';

interface Case {
  conditions: Conditions;
  /** What the first event of each packet that is kept must be. */
  keeps: (first: DecodedEvent, netns: { blue: number; own: number }) => boolean;
}

function casesOf(blue: number): Case[] {
  const isBlue: Case['keeps'] = ({ netns }, all) => netns === all.blue;
  const isMarked: Case['keeps'] = ({ mark }) => mark === MARK;
  const isToRed: Case['keeps'] = ({ tuple }) => tuple?.includes(`->${RED}`) === true;
  const onLoopback: Case['keeps'] = ({ netns, device }, { own }) => netns === own && device === 'lo';
  return [
    { conditions: { netns: 'blue' }, keeps: isBlue },
    { conditions: { netns: `inode:${blue}` }, keeps: isBlue },
    { conditions: { netns: '/run/netns/blue' }, keeps: isBlue },
    { conditions: { ifname: 'lo' }, keeps: onLoopback },
    {
      conditions: { netns: 'blue', ifname: 'v0' },
      keeps: (first, all) => isBlue(first, all) && first.device === 'v0',
    },
    { conditions: { mark: { value: MARK, mask: EVERY_BIT } }, keeps: isMarked },
    { conditions: { mark: { value: 0xf0 | MARK, mask: 0x0f } }, keeps: isMarked },
    { conditions: { mark: { value: 0, mask: EVERY_BIT } }, keeps: ({ mark }) => mark === 0 },
    { conditions: { skbExpression: `skb->mark == ${MARK}` }, keeps: isMarked },
    { conditions: { skbExpression: 'skb->dev->ifindex == 1' }, keeps: ({ device }) => device === 'lo' },
    {
      conditions: { skbExpression: `skb->protocol == 0x0800 && ${HEADER}->daddr == 0x0a070002` },
      keeps: isToRed,
    },
    {
      conditions: {
        skbExpression: `(${HEADER}->version << 4 | ${HEADER}->ihl) == 0x45 && ${HEADER}->daddr >> 16 == 0x0a07 && ${HEADER}->daddr % 256 == 2`,
      },
      keeps: isToRed,
    },
    {
      conditions: {
        mark: { value: 0, mask: EVERY_BIT },
        skbExpression: "skb->dev->name[0] == 'l' && skb->sk == 0",
      },
      keeps: ({ device, mark }) => device === 'lo' && mark === 0,
    },
  ];
}

const REFUSED: [Conditions, RegExp][] = [
  [{ netns: 'green' }, /no network namespace with the name \\"green\\".* There are inode:\d+ \(/],
  [{ netns: 'inode:12345' }, /no network namespace with the number 12345/],
  [{ netns: '/proc/1/ns/mnt' }, /is no network namespace/],
  [{ ifname: 'nowhere0' }, /no device \\"nowhere0\\" in the agent's network namespace: it has lo,/],
  [{ netns: 'blue', ifname: 'eth0' }, /in the network namespace \\"blue\\": it has lo, (?:\w+, )*v0\./],
  [
    { skbExpression: 'skb->dev->ifidex == 1' },
    /struct net_device has no member \\"ifidex\\".*\^~~~~~.*Did you mean \\"ifindex\\"/,
  ],
];

export async function assertConditions({
  trace,
  sh,
}: Pick<ReturnType<typeof agentSuite>, 'trace' | 'sh'>): Promise<void> {
  await sh(
    'ip netns add blue && ip netns add red && ip -n blue link add v0 type veth peer name v0 netns red && ' +
      'ip -n blue addr add 10.7.0.1/24 dev v0 && ip -n red addr add 10.7.0.2/24 dev v0 && ' +
      'ip -n blue link set v0 up && ip -n red link set v0 up && ip -n blue link set lo up && ip link set lo up',
  );
  const inode = async (path: string) => Number(await sh(`stat -L -c %i ${path}`));
  const netns = { blue: await inode('/run/netns/blue'), own: await inode('/proc/1/ns/net') };
  const cases = casesOf(netns.blue);

  const { client } = await trace({
    type: 'start',
    filter: null,
    conditions: { netns: 'red', ifname: 'v0' },
    functions: 'ip_rcv|ip_output|ip_send_skb|ip_local_deliver',
    backend: 'auto',
    ringBufferBytes: 0,
  });
  await sh(TRAFFIC);
  for (const [conditions, message] of REFUSED) {
    client.send({ type: 'filter', filter: null, conditions, generation: 1 });
    await assert.rejects(client.message('filter-changed'), message);
    client.messages.length = 0;
  }
  for (const [index, { conditions }] of cases.entries()) {
    await changed(client, { conditions, generation: index + 1 });
    await sh(TRAFFIC);
  }
  client.send({ type: 'stop' });
  await client.message('end');

  const firsts = new Map<number, DecodedEvent>();
  for (const event of client.events) if (!firsts.has(event.life)) firsts.set(event.life, event);
  // Copies are followed whatever they are.
  const begun = [...firsts.values()].filter(({ kind, parent }) => kind === EventKind.Step && parent === 0);
  const inRed = begun.filter(({ generation }) => generation === 0);
  assert.ok(inRed.length > 0 && inRed.every(({ device, netns: of }) => device === 'v0' && of !== netns.blue));
  const problems = cases.flatMap(({ conditions, keeps }, index) => {
    const kept = begun.filter(({ generation }) => generation === index + 1);
    const wrong = kept.filter((first) => !keeps(first, netns)).slice(0, 1);
    const nothing = kept.length === 0 ? ['keeps nothing'] : [];
    return [...nothing, ...wrong].map((problem) => ({ conditions, problem }));
  });
  assert.deepEqual(problems, []);
  await sh('ip netns del blue; ip netns del red');
}

async function changed(
  client: AgentClient,
  { conditions, generation }: { conditions: Conditions; generation: number },
): Promise<FilterChanged> {
  client.messages.length = 0;
  client.send({ type: 'filter', filter: null, conditions, generation });
  return client.message('filter-changed');
}

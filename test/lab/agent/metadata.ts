/** Values of the user's expressions, told with each step. */
import assert from 'node:assert/strict';
import { EventKind } from '../../../common/layouts.ts';
import { SKB_METADATA, XDP_METADATA } from '../../../common/protocol.ts';
import { readStructure } from '../../../extension/recording/extras/structure.ts';
import type { DecodedEvent } from '../../support/agent/decode-events.ts';
import type { AgentClient } from './client.ts';
import { ALL_ICMP, GATEWAY, type agentSuite } from './suite.ts';

type Suite = Pick<ReturnType<typeof agentSuite>, 'trace' | 'sh'>;

const MARK = 7;

export async function assertMetadata({ trace, sh }: Suite): Promise<void> {
  const request = { ...ALL_ICMP, functions: 'icmp_rcv|ip_rcv|ip_output|dev_hard_start_xmit' };
  const { client, attached } = await trace({
    ...request,
    skbMetadata: ['skb->len', '-(int)skb->len', 'skb->mark', 'skb->protocol'],
  });
  await sh(`ping -c 2 -i 0.2 -m ${MARK} -s 200 ${GATEWAY}`);
  client.send({ type: 'stop' });
  await client.message('end');

  const functions = new Map(attached.functions.map(({ address, name }) => [address % 2 ** 32, name]));
  const values = await valuesOf(client, SKB_METADATA);
  const steps = client.events.filter(({ kind, isQuiet }) => kind === EventKind.Step && !isQuiet);
  assert.ok(steps.length >= 6, `${steps.length} steps`);
  for (const event of steps) {
    const { len, mark, place } = event;
    const told = values(event);
    assert.equal(told['skb->len'], len);
    assert.equal(told['-(int)skb->len'], -len);
    assert.equal(told['skb->mark'], mark);
    if (functions.get(place) === 'ip_rcv') assert.equal(told['skb->protocol'], 0x0800);
  }
  assert.ok(steps.some(({ mark }) => mark === MARK));

  await assert.rejects(
    trace({ ...request, skbMetadata: ['skb->len', 'skb->lenn'] }),
    /--output-skb-metadata.*has no member \\"lenn\\".*\^~~~/,
  );
  const five = ['1', '2', '3', '4', '5'];
  await assert.rejects(trace({ ...request, skbMetadata: five }), /5 expressions .*4 is the most/);
}

/** @param expression of the length of what XDP has, told at each step of its programs */
export async function assertXdpMetadata(client: AgentClient, expression: string): Promise<void> {
  const values = await valuesOf(client, XDP_METADATA);
  const inPrograms = client.events.filter(({ extras }) => extras?.metadata !== undefined);
  assert.ok(inPrograms.length >= 4, `${inPrograms.length} steps`);
  for (const event of inPrograms) assert.equal(values(event)[expression], event.len);
}

async function valuesOf(client: AgentClient, name: string) {
  const { structures } = await client.message('structures');
  const layout = structures.find((each) => each.name === name);
  assert.ok(layout !== undefined, `no layout of ${name}`);
  return ({ extras }: DecodedEvent) => {
    assert.ok(extras?.metadata !== undefined, 'a step without values');
    return readStructure(layout, extras.metadata);
  };
}

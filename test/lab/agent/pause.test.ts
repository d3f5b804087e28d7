/** A trace that is paused in a guest: nothing is recorded, and afterwards nobody is taken for a packet from before. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SILENCE_PAUSES_MS, type Message, type StartRequest } from '../../../common/protocol.ts';
import type { KernelName } from '../images/kernels.ts';
import { kernelsPlayed } from '../kernels-played.ts';
import type { AgentClient } from './client.ts';
import { agentSuite, ALL_ICMP, GATEWAY } from './suite.ts';

const WAIT_MS = 30_000;

const KERNELS: readonly KernelName[] = ['6.12', '5.10'];

for (const kernel of kernelsPlayed(KERNELS))
  describe(`pauses on ${kernel}`, () => {
    const { trace, sh } = agentSuite(kernel);
    const request: StartRequest = { ...ALL_ICMP, functions: 'ip_rcv|ip_output|icmp_rcv' };

    const ping = () => sh(`ping -c 3 -i 0.2 ${GATEWAY}`);

    async function until(what: string, condition: () => boolean): Promise<void> {
      for (const deadline = Date.now() + WAIT_MS; !condition(); await sleep(50))
        assert.ok(Date.now() < deadline, `${what} did not come`);
    }

    const pausesOf = (client: AgentClient) =>
      client.messages.filter((message): message is Message & { type: 'paused' } => message.type === 'paused');

    /** The events of the trace are those before the pause, and what `during` makes is not among them. */
    async function assertNothingRecorded(
      client: AgentClient,
      during: () => Promise<unknown>,
    ): Promise<number> {
      await sleep(500); // what was on its way has come
      const before = client.events.length;
      await during();
      await sleep(500);
      assert.equal(client.events.length, before);
      return before;
    }

    test('silence pauses, the next ping goes on, with nobody followed', async () => {
      const { client } = await trace(request);
      await ping();
      await until('an event', () => client.events.length > 0);
      client.silence();
      await sleep(SILENCE_PAUSES_MS + 1000);
      await until('a pause', () => pausesOf(client).length === 1);
      const before = await assertNothingRecorded(client, ping);
      client.speak();
      await until('its end', () => pausesOf(client).length === 2);
      await ping();
      await until('events after it', () => client.events.length > before);
      const [begun, over] = pausesOf(client);
      assert.deepEqual([begun?.why, begun?.to, over?.from], ['silence', null, begun?.from]);
      assert.ok(BigInt(over?.to ?? 0) - BigInt(over?.from ?? 0) >= 1_000_000_000n);
      const lives = new Set(client.events.slice(0, before).map(({ life }) => life));
      assert.deepEqual(
        client.events.slice(before).filter(({ life }) => lives.has(life)),
        [],
      );
      client.send({ type: 'stop' });
      assert.equal((await client.message('end')).events, client.events.length);
    });

    test('the editor may ask for a pause, and for its end', async () => {
      const { client } = await trace(request);
      client.send({ type: 'pause' });
      await until('a pause', () => pausesOf(client).length === 1);
      const before = await assertNothingRecorded(client, ping);
      assert.equal(pausesOf(client).length, 1, 'pings do not end it');
      client.send({ type: 'filter', filter: null, generation: 1 });
      await client.message('filter-changed');
      await assertNothingRecorded(client, ping);
      client.send({ type: 'resume' });
      await until('its end', () => pausesOf(client).length === 2);
      await ping();
      await until('events after it', () => client.events.length > before);
      assert.ok(
        client.events.slice(before).every(({ generation }) => generation !== 0),
        'the new filter is in force',
      );
      client.send({ type: 'stop' });
      await client.message('end');
    });
  });

/** What may change on a target under a running trace: the trace goes on, counts right and leaves no probe. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { End } from '../../../common/protocol.ts';
import { probesGone } from '../terminal/probes.ts';
import { kernelsPlayed } from '../kernels-played.ts';
import type { AgentClient } from './client.ts';
import { agentSuite, ALL_ICMP, functionNames, GATEWAY, lastOfLives } from './suite.ts';

const WAIT_MS = 30_000;
const GONE_MS = 30_000;

/** With and without kprobe.multi, whose link keeps a module where it is. */
const KERNELS = [
  { kernel: '6.12', unloads: false },
  { kernel: '6.1', unloads: true },
] as const;

for (const { kernel, unloads } of kernelsPlayed(KERNELS))
  describe(`a target that changes, on ${kernel}`, () => {
    const { guest, trace, sh } = agentSuite(kernel);

    /** Pings, and waits until the trace tells of it. */
    async function seesPing(client: AgentClient, command = `ping -c 1 ${GATEWAY}`): Promise<void> {
      const before = client.events.length;
      await sh(command);
      for (const deadline = Date.now() + WAIT_MS; client.events.length === before; await sleep(50))
        assert.ok(Date.now() < deadline, `nothing came of ${command}`);
    }

    async function ends(client: AgentClient): Promise<End> {
      client.send({ type: 'stop' });
      const end = await client.message('end');
      assert.equal(end.events, client.events.length);
      assert.equal(end.lost, 0);
      await probesGone(guest(), GONE_MS);
      return end;
    }

    test('a namespace is deleted, the clock is stepped, a CPU goes and comes back', async () => {
      const { client } = await trace({ ...ALL_ICMP, functions: 'ip_rcv|ip_output|icmp_rcv' });
      await sh('ip netns add gone && ip -n gone link set lo up');
      await seesPing(client, 'ip netns exec gone ping -c 1 127.0.0.1');
      await sh('ip netns del gone');
      await seesPing(client);

      await sh('date -s "@$(($(date +%s) + 86400))"');
      await seesPing(client);
      await sh('date -s "@$(($(date +%s) - 2 * 86400))"');
      await seesPing(client);

      await sh('echo 0 > /sys/devices/system/cpu/cpu1/online');
      await seesPing(client);
      await sh('echo 1 > /sys/devices/system/cpu/cpu1/online');
      await seesPing(client, `taskset -c 1 ping -c 1 ${GATEWAY}`);

      await ends(client);
      const alive = [...lastOfLives(client.events).values()].filter((event) => !event.ends);
      assert.deepEqual(alive, []);
      // The time of an event is the kernel's own, that nobody steps.
      const [first, last] = [client.events[0], client.events.at(-1)];
      const seconds = Number((last?.timestamp ?? 0n) - (first?.timestamp ?? 0n)) / 1e9;
      assert.ok(seconds > 0 && seconds < 600, `${seconds} s passed`);
    });

    test('a module is unloaded', async () => {
      await sh('modprobe dummy');
      const { client, attached } = await trace({ ...ALL_ICMP, functions: 'ip_output|dummy_xmit' });
      assert.deepEqual(attached.functions.map(({ name }) => name).sort(), ['dummy_xmit', 'ip_output']);
      const { code } = await guest().exec('rmmod dummy');
      assert.equal(code === 0, unloads);
      await seesPing(client);
      await ends(client);
      assert.ok(functionNames(attached, client.events).includes('ip_output'));
      if (!unloads) await sh('rmmod dummy');
    });
  });

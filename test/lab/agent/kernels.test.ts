/** The same agent and BPF objects on kernels old and new. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EventKind } from '../../../common/layouts.ts';
import { agentSuite, ALL_ICMP, assertInOrder, DROPPED, functionNames, GATEWAY } from './suite.ts';

/** What differs: kprobes instead of kprobe.multi, no drop reasons (5.10), module BTF, types of the kernel. */
const OTHER_KERNELS = [
  { kernel: '5.10', backend: 'kprobe', drop: 'kfree_skb', reason: undefined },
  { kernel: '6.1', backend: 'kprobe', drop: 'kfree_skb_reason', reason: 'NETFILTER_DROP' },
  { kernel: '7.2', backend: 'kprobe-multi', drop: 'sk_skb_reason_drop', reason: 'NETFILTER_DROP' },
] as const;

for (const { kernel, backend, drop, reason } of OTHER_KERNELS)
  describe(`agent on ${kernel}`, () => {
    const { guest, trace, sh } = agentSuite(kernel);
    const functions = `icmp_.*|ip_.*|nf_.*|raw_.*|${drop}`;

    test('follows a ping, and a dropped one to its end', async () => {
      const { client, attached } = await trace({ ...ALL_ICMP, functions });
      assert.equal(attached.backend, backend);
      await sh(`ping -c 1 ${GATEWAY}`);
      await sh(`ip route add ${DROPPED}/32 dev lo && iptables -I OUTPUT 1 -d ${DROPPED} -j DROP`);
      await guest().exec(`ping -c 1 -W 1 ${DROPPED}`);
      client.send({ type: 'stop' });
      const end = await client.message('end');
      assert.equal(end.events, client.events.length);
      assert.equal(end.lost, 0);

      const pinged = client.events.filter(({ tuple }) => tuple?.includes(GATEWAY));
      assertInOrder(functionNames(attached, pinged), [
        'ip_output',
        'ip_finish_output',
        'ip_local_deliver',
        'icmp_rcv',
      ]);
      const dropped = client.events.filter(({ tuple }) => tuple?.includes(DROPPED));
      assertInOrder(functionNames(attached, dropped), ['nf_hook_slow', drop]);
      const reasons = new Map(attached.dropReasons.map(({ value, name }) => [value, name]));
      const drops = dropped.filter(({ kind }) => kind === EventKind.Drop);
      assert.deepEqual(
        drops.map(({ dropReason }) => reasons.get(dropReason)),
        [reason],
      );
    });
  });

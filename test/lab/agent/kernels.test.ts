/** The same agent and BPF objects on kernels old and new. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EventKind } from '../../../common/layouts.ts';
import type { Backend } from '../../../common/protocol.ts';
import type { KernelName } from '../images/kernels.ts';
import {
  agentSuite,
  ALL_ICMP,
  assertInOrder,
  assertNewModuleIsProbed,
  DROPPED,
  functionNames,
  GATEWAY,
} from './suite.ts';

/** What differs: kprobes instead of kprobe.multi, no drop reasons (5.10), module BTF, types and layout of the kernel. */
const OTHER_KERNELS: {
  kernel: KernelName;
  backend: Backend;
  drop: string;
  reason: string | undefined;
  fiveLevelPaging?: true;
}[] = [
  { kernel: '5.10', backend: 'kprobe', drop: 'kfree_skb', reason: undefined },
  { kernel: '6.1', backend: 'kprobe', drop: 'kfree_skb_reason', reason: 'NETFILTER_DROP' },
  {
    kernel: '7.2',
    backend: 'kprobe-multi',
    drop: 'sk_skb_reason_drop',
    reason: 'NETFILTER_DROP',
    fiveLevelPaging: true,
  },
];

for (const { kernel, backend, drop, reason, fiveLevelPaging } of OTHER_KERNELS)
  describe(`agent on ${kernel}`, () => {
    const suite = agentSuite(kernel, fiveLevelPaging && { fiveLevelPaging });
    const { guest, trace, sh } = suite;
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
        drops.map(({ value }) => reasons.get(value)),
        [reason],
      );
      // The functions that release a packet were not asked for, and end its life all the same.
      const ended = dropped.filter(({ life }) => life === drops[0]?.life).at(-1);
      assert.ok(ended?.ends && ended.isQuiet, 'no end is known of the packet that was dropped');

      if (fiveLevelPaging !== true) return;
      // Addresses below those of 48 bits, and not cut to them.
      await sh('grep -qw la57 /proc/cpuinfo');
      for (const { skb, head } of client.events)
        for (const address of [skb, head].filter((each) => each !== 0n))
          assert.ok(address >> 56n === 0xffn && address < 0xffff_0000_0000_0000n, address.toString(16));
    });

    // Modules of 5.10 have no types.
    if (kernel !== '5.10')
      test('probes a module that is loaded meanwhile', () => assertNewModuleIsProbed(suite));
  });

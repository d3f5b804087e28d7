/** The same agent and BPF objects on a kernel that is not the one of most tests. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EventKind } from '../../../common/layouts.ts';
import type { Backend } from '../../../common/protocol.ts';
import { seriesOf, type KernelName } from '../images/kernels.ts';
import { assertMetadata } from './metadata.ts';
import { assertConditions } from './conditions.ts';
import { assertExpressionTypes } from './expression-types.ts';
import { assertKernelBtf } from './kernel-btf.ts';
import { assertExtras, assertNamespaceNames, assertTunnel } from './extras.ts';
import {
  agentSuite,
  ALL_ICMP,
  assertBystander,
  assertChosenModules,
  assertInOrder,
  assertNewModuleIsProbed,
  DROPPED,
  functionNames,
  GATEWAY,
} from './suite.ts';

/** What differs: kprobes instead of kprobe.multi, no drop reasons (5.10), module BTF, types and layout of the kernel. */
export interface OtherKernel {
  kernel: KernelName;
  /** What a trace gets that leaves the choice to the agent. */
  backend: Backend;
  /** What else the kernel has that is to be asked for. */
  onRequest?: Backend[];
  /** The function that drops a packet. */
  drop: string;
  reason: string | undefined;
  /** Kernel addresses of 57 bits. */
  fiveLevelPaging?: true;
}

export function agentOn({
  kernel,
  backend,
  onRequest = [],
  drop,
  reason,
  fiveLevelPaging,
}: OtherKernel): void {
  describe(`agent on ${kernel}`, () => {
    const suite = agentSuite(kernel, fiveLevelPaging && { fiveLevelPaging });
    const { guest, trace, sh } = suite;
    const functions = `icmp_.*|ip_.*|nf_.*|raw_.*|${drop}`;

    const followsPings = async (wanted: Backend | 'auto') => {
      const { client, attached } = await trace({ ...ALL_ICMP, functions, backend: wanted });
      assert.equal(attached.backend, wanted === 'auto' ? backend : wanted);
      await sh(`ping -c 1 ${GATEWAY}`);
      await sh(`ip route replace ${DROPPED}/32 dev lo && iptables -I OUTPUT 1 -d ${DROPPED} -j DROP`);
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
    };

    for (const wanted of ['auto', ...onRequest] as const)
      test(`follows a ping, and a dropped one to its end, by ${wanted}`, () => followsPings(wanted));

    test('conditions, changed while tracing', () => assertConditions(suite));

    test('an editor gets the types that expressions are completed by', () => assertExpressionTypes(suite));

    test('types of the kernel from a file', () => assertKernelBtf(suite));

    test('counts calls', async () => {
      const client = suite.connect();
      client.send({ type: 'count', functions: 'icmp_rcv|skb_release_data', backend: 'auto' });
      const counting = await client.message('counting', 120_000);
      assert.equal(counting.backend, backend);
      assert.deepEqual(counting.functions.map(({ name, role }) => [name, role]).sort(), [
        ['icmp_rcv', 'plain'],
        ['skb_release_data', 'release'],
      ]);
      await sh('ping -q -i 0.05 -c 20 127.0.0.1');
      client.send({ type: 'counts' });
      const { hits, missed } = await client.message('counts');
      const [icmp = 0, release = 0] = ['icmp_rcv', 'skb_release_data'].map(
        (name) => hits[counting.functions.findIndex((each) => each.name === name)],
      );
      assert.ok(icmp <= 40 && icmp + missed >= 40, `${icmp} calls and ${missed} missed of 40`);
      assert.ok(release + missed >= 40, `${release} releases`);
      assert.equal(client.messages.at(-1)?.type, 'counts');
    });

    test('a function without a packet belongs to that of its caller', () => assertBystander(suite));

    test('tells of each step what it is asked for besides', async () => {
      await assertExtras(suite);
      await assertTunnel(suite);
      await assertNamespaceNames(suite);
    });

    test('tells values of expressions with each step', () => assertMetadata(suite));

    // Modules of 5.10 have no types.
    if (seriesOf(kernel) !== '5.10') {
      for (const wanted of ['auto', ...onRequest] as const)
        test(`probes a module that is loaded meanwhile, by ${wanted}`, () =>
          assertNewModuleIsProbed({
            ...suite,
            trace: (request) => trace({ ...request, backend: wanted }),
          }));
      test('probes chosen modules only', () => assertChosenModules(suite));
    }
  });
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ColumnStore } from '../../../../../extension/recording/event-store.ts';
import { Symbols } from '../../../../../extension/recording/symbols.ts';
import { isDrop, Reached, reachedBy } from '../../../../../extension/recording/trajectories/outcome.ts';
import {
  attached,
  batch,
  functionAddress,
  kernelAddress,
  type TestEvent,
} from '../../../../support/agent/records.ts';

test('what reads from a packet socket or from an error queue is no arrival', () => {
  // The functions that a copy for a tap passes, and one with the time that a packet was sent.
  for (const name of ['packet_rcv', 'tpacket_rcv', 'sock_queue_err_skb', 'skb_copy_datagram_iter'])
    assert.equal(reachedBy(name), undefined, name);
});

test('a socket that asked for ICMP errors gets them', () => {
  assert.equal(reachedBy('ip_icmp_error'), Reached.Socket);
  assert.equal(reachedBy('ipv6_icmp_error'), Reached.Socket);
});

test('copies that the compiler made of a function count as it', () => {
  assert.equal(reachedBy('tcp_queue_rcv.isra.0'), Reached.Socket);
  assert.equal(isDrop(undefined, 'skb_release_data.part.0', Reached.Nothing), false);
});

test('what is left in the queue of a socket that is closed had arrived', () => {
  // A FIN, of which nobody reads; 6.12 names it, older kernels do not.
  for (const reason of ['QUEUE_PURGE', 'NOT_SPECIFIED', undefined])
    assert.equal(isDrop(reason, 'sk_stream_kill_queues', Reached.Socket), false, reason);
  assert.equal(isDrop('QUEUE_PURGE', 'skb_queue_purge_reason', Reached.Nothing), true); // not in a socket's
});

test('a segment that TIME_WAIT answers is no drop; one that no socket wants is', () => {
  assert.equal(reachedBy('tcp_timewait_state_process'), Reached.Socket);
  assert.equal(isDrop('NOT_SPECIFIED', 'tcp_v4_rcv', Reached.Socket), false);
  assert.equal(isDrop('NOT_SPECIFIED', 'tcp_v4_rcv', Reached.Nothing), true);
  assert.equal(isDrop('NO_SOCKET', 'tcp_v4_rcv', Reached.Nothing), true);
  assert.equal(isDrop('TCP_RFC7323_TW_PAWS', 'tcp_v4_rcv', Reached.Socket), true);
});

test('what is always freed like a drop is one where it has a reason', () => {
  for (const name of ['icmpv6_rcv', 'sctp_recvmsg'])
    assert.equal(isDrop('NOT_SPECIFIED', name, Reached.Nothing), false, name);
  assert.equal(isDrop(undefined, 'icmpv6_rcv', Reached.Nothing), false);
  assert.equal(isDrop('ICMP_CSUM', 'icmpv6_rcv', Reached.Nothing), true);
});

test('a queue that is full drops, on kernels without reasons too', () => {
  assert.equal(isDrop(undefined, 'udp_queue_rcv_one_skb', Reached.Socket), true);
});

/** The outcomes of the stories that events make; names are functions. */
function outcomes(steps: readonly (TestEvent & { name: string })[]): string[] {
  const names = [...new Set(steps.map(({ name }) => name))];
  const store = new ColumnStore();
  store.setSymbols(new Symbols(attached(names)));
  store.append(
    batch(
      steps.map(({ name, life, ...event }) => ({
        address: kernelAddress(functionAddress(names.indexOf(name))),
        skb: kernelAddress(0x8880_0000_0000 + (life ?? 0) * 256),
        ...(life !== undefined && { life }),
        ...event,
      })),
    ),
  );
  const { trajectories } = store;
  const ids = Array.from({ length: trajectories.length }, (_, id) => id);
  return ids.filter((id) => trajectories.root(id) === id).map((id) => trajectories.outcome(id));
}

test('fragments that are put together again are not what became of the packet', () => {
  const story = [
    { name: 'ip_do_fragment', life: 1 },
    { name: 'ip_copy_metadata', life: 2, parent: 1, kind: 'copy' as const },
    { name: 'skb_try_coalesce', life: 2, parent: 1, into: 1, kind: 'merge' as const, ends: true },
    { name: 'kfree_skbmem', life: 1, ends: true },
  ];
  assert.deepEqual(outcomes(story), ['consumed']);
});

test('a segment that GRO puts into one of another packet is merged', () => {
  const stories = [
    { name: 'ip_rcv', life: 1 },
    { name: 'tcp_gro_receive', life: 2 },
    { name: 'skb_gro_receive', life: 2, into: 1, kind: 'merge' as const, ends: true },
    { name: 'kfree_skbmem', life: 1, ends: true },
  ];
  assert.deepEqual(outcomes(stories), ['consumed', 'merged']);
});
